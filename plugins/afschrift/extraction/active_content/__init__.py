"""Finds what may run or fetch something where a file is opened: macros, scripts, objects, programs.

It points out and decides nothing: a person does (`casework/columns/judged_files.py`).
"""
