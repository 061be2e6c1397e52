"""The learner's own copies of the notebooks: made, taken to a newer course, blank again. Text alone, no torch.

notebook.py reads and writes one, merge.py brings one to a newer course, history.py asks git for the course's versions,
folder.py does it for all notebooks of a folder and says what it did.
"""
