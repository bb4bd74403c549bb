"""What officers and others do with requests: a folder for each subject; files hold what subjects share."""
