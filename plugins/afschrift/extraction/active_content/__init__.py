"""Finds what may run or fetch something when a file is opened: macros, scripts, objects, programs.

It only reports; a person decides (`casework/columns/judged_files.py`).
"""
