"""The bundle as a ZIP file or folder: BagIt, its signature, and the checks of a bundle of unknown origin."""
