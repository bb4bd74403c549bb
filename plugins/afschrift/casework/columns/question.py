"""The questions that a plan ends at: about columns, tables and files, and where nothing is left to give."""

from __future__ import annotations

from afschrift.questions.kind import QuestionKind

_LEAVE = {
    "include": "They leave, in this request alone. The inventory stays as it is: mend it for the others.",
    "exclude": "They stay, in this request alone, and the bundle says so.",
}

UNCLASSIFIED = QuestionKind(
    "unclassified",
    "Columns that nobody described",
    "The inventory does not say what these hold. Do they leave?",
    _LEAVE,
)

MIXED = QuestionKind(
    "mixed",
    "Columns of several origins",
    "These hold data of several origins. Do they leave? Better split the column.",
    _LEAVE,
)

BASIS_UNKNOWN = QuestionKind(
    "basis_unknown",
    "Columns without a legal basis",
    "No purpose of these has a legal basis. Do they leave?",
    _LEAVE,
)

SPECIAL_CONDITION_UNKNOWN = QuestionKind(
    "special_condition_unknown",
    "Special data without a condition",
    "These hold special data, and no condition of Art. 9 is named. Do they leave?",
    _LEAVE,
)

SPECIAL_CONDITION_OTHER = QuestionKind(
    "special_condition_other",
    "Special data on another condition",
    "These hold special data on a condition other than consent. Do they leave?",
    _LEAVE,
)

CONSENT_MISSING = QuestionKind(
    "consent_missing",
    "Columns without consent",
    "The only purpose of these lacks the person's consent. Do they leave?",
    _LEAVE,
    note="It shows each purpose by name, and that its consent was never given or when it was taken back.",
)

OTHERS_UNDECIDED = QuestionKind(
    "others_undecided",
    "Data about others",
    "These columns hold data about other people. How are they treated (R31-R33)?",
    {
        "include": "They leave as they are.",
        "mask": "They leave with what points to others masked.",
        "exclude": "They stay, and the bundle says so.",
    },
)

UNLISTED_TABLES = QuestionKind(
    "unlisted_tables",
    "Tables that nobody described",
    "The inventory does not describe these tables. Is it right to pass over them?",
    {
        "leave_out": "It is right: they are not read, and the bundle says so.",
    },
)

UNKNOWN_ORIGIN = QuestionKind(
    "unknown_origin",
    "Rows of an unknown origin",
    "These rows have an origin that the inventory does not name. Is it right to leave them out?",
    {
        "leave_out": "It is right: they stay in the warehouse.",
    },
)

FOREIGN_ROWS = QuestionKind(
    "foreign_rows",
    "Rows that bear somebody else's key",
    "A join reaches these rows, or the database takes their key for the person's, and they bear another one. "
    "Is it right to leave them out (R31)?",
    {
        "leave_out": "It is right: they are somebody else's.",
    },
    note="Rows that are shared are so for everybody: the inventory says it with `shared_rows`.",
)

ROWS_NOT_GIVEN = QuestionKind(
    "rows_not_given",
    "Rows that lead to nobody any more",
    "The check of the data map found that a join finds no row, or that no row of a table leads to a person. "
    "Is it right that nothing of it is given?",
    {
        "leave_out": "It is right, in this request alone: nothing of it is the person's.",
    },
    hint="mend the inventory, run the DAG `check_inventory`, and `afschrift run {request}` or a new run of "
    "`fulfil_request` gives what it finds; or settle it for this request alone with `afschrift answer {id} "
    "--choice {options}`.",
    note="`findings` names places and codes ([check.md](check.md)). Once a later check does not find it any "
    "more, it asks nobody.",
)

RESIDUAL_ROWS = QuestionKind(
    "residual_rows",
    "Rows that name the person and that no way reaches",
    "This column holds an identifier of the person in rows that no way of the inventory reaches. Is it right "
    "to leave them out (R08)?",
    {
        "leave_out": "It is right, in this request alone: they are somebody else's. The bundle says so.",
    },
    hint="settle it for everybody in the inventory, or for this request alone with `afschrift answer {id} "
    "--choice {options}`.",
    note="The inventory settles a column once, and then it asks nobody: reach the rows by a `subject` or "
    "`join` of the table, or of a second entry of it with `table`; or write under the column `mentions: "
    "{settled: not_given, by: ..., on: ..., why: ...}` "
    "([inventory.md](inventory.md#rows-that-no-way-reaches)).",
)

FILE_MISSING = QuestionKind(
    "file_missing",
    "Uploaded files that are gone",
    "Files that the person uploaded are gone, or are others by now (R60). Put back, the next run finds them.",
    {
        "leave_out": "The answer goes without them, and says which are missing.",
    },
    note="`rows` are numbers of rows in the table's file.",
)

ACTIVE_CONTENT = QuestionKind(
    "active_content",
    "Files with something in them that may run",
    "These files hold something that may run, or fetch something, where they are opened; or nobody could "
    "look into them. Do they go along?",
    {
        "include": "They go along as they are, and the bundle tells the person of it. Say why in words.",
        "leave_out": "The answer goes without them, and says how many are left out.",
    },
    in_words=("include",),
    note="`found` counts files by [what was found](sources.md#what-is-looked-for-in-files), `where` says in "
    "which part of which file, by numbers alone. They are the person's data all the same: leave a file out "
    "where it would harm them, and not because it is unusual.",
)

NO_RIGHT = QuestionKind(
    "no_right",
    "Tables that may not be read",
    "The connection may not read these tables. Have it given the right.",
    {
        "try_again": "It has the right now: the next run reads again.",
    },
)

SHEET_INCOMPLETE = QuestionKind(
    "sheet_incomplete",
    "The information sheet has gaps",
    "The inventory does not say what an access answer must tell of the processing. Fill it in there.",
    {
        "try_again": "It is filled in: the next run looks again.",
    },
    note="`fields` names what is missing ([inventory.md](inventory.md#what-an-access-answer-must-tell)). No "
    "answer lets the request pass: the inventory must say it.",
)

NOTHING_IN_LIMITS = QuestionKind(
    "nothing_in_limits",
    "Nothing within the person's limits",
    "The person's own limits leave nothing to give (R24). Ask what they want.",
    {
        "ask_the_person": "They were asked: the next run looks again.",
        "answer_none": "They keep their limits: a letter that says what they come to is due.",
    },
)

NOTHING_HELD = QuestionKind(
    "nothing_held",
    "Nothing was found",
    "No system holds anything under these keys, beside what a hidden restriction keeps back. Is that true "
    "(R09)?",
    {
        "confirm_none": "It is true: the letter `nothing_held` is due.",
        "search_again": "Everything is searched again.",
    },
    note="It shows what was searched for and in which spellings, and each table with the rows "
    "that were looked through.",
)

KINDS = (
    UNCLASSIFIED,
    MIXED,
    BASIS_UNKNOWN,
    SPECIAL_CONDITION_UNKNOWN,
    SPECIAL_CONDITION_OTHER,
    CONSENT_MISSING,
    OTHERS_UNDECIDED,
    UNLISTED_TABLES,
    UNKNOWN_ORIGIN,
    FOREIGN_ROWS,
    ROWS_NOT_GIVEN,
    RESIDUAL_ROWS,
    FILE_MISSING,
    ACTIVE_CONTENT,
    NO_RIGHT,
    SHEET_INCOMPLETE,
    NOTHING_IN_LIMITS,
    NOTHING_HELD,
)
