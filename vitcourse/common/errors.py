"""The base of every error that is meant for the user: the command line prints its sentence and no traceback."""


class CourseError(Exception):
    """Something that the user can mend; the message says what and how."""
