"""Every setting of an installation: its meaning, default and readers. docs/settings.md is made of this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from afschrift.law.clock.alarm import USUAL


class ProcessKind(StrEnum):
    """A kind of process that reads the environment."""

    SCHEDULER = "scheduler"
    PARSER = "DAG processor"
    WORKER = "worker"
    API = "API server"
    TERMINAL = "terminal"


class Secret(StrEnum):
    """Whether a value is to be kept from others."""

    NO = "no"
    YES = "yes"
    MAY_HOLD = "may hold one"
    POINTS = "the value no, what it names yes"


@dataclass(frozen=True)
class Setting:
    """One setting, or all of one form where the name holds `<NAME>`.

    Attributes:
        name: of the variable.
        meaning: what it sets, in Markdown.
        default: in `unit` where that is one; in words where it follows from another setting.
        read_by: the processes that need it.
        unit: of a number.
        secret: whether its value is one.
        read_in: the one module below `afschrift` that reads it.
    """

    name: str
    meaning: str
    default: float | str
    read_by: tuple[ProcessKind, ...]
    unit: str = ""
    secret: Secret = Secret.NO
    read_in: str = "app.settings"


_RUNS = (ProcessKind.WORKER, ProcessKind.TERMINAL)
_OFFICERS = (ProcessKind.API, ProcessKind.TERMINAL)
_WORK = (ProcessKind.WORKER, ProcessKind.API, ProcessKind.TERMINAL)
_ALL = tuple(ProcessKind)
_PARSED = (ProcessKind.PARSER, *_WORK)
_OPTIONS_FORM = "the path of a JSON file, or `airflow-connection:<id>`"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AFSCHRIFT_HOME",
        "folder of the installation's own state",
        "that of the project (`afschrift.env`) or checkout at hand; else refused",
        _ALL,
        read_in="app.project",
    ),
    Setting(
        "AFSCHRIFT_REGISTER",
        "address of the register, as SQLAlchemy writes it; a log-in of its own for each kind of process "
        "([roles](operations.md#roles-of-the-database))",
        "SQLite: `register.db` in the home",
        _WORK,
        secret=Secret.MAY_HOLD,
    ),
    Setting(
        "AFSCHRIFT_KEYS",
        "path of the key file, or `airflow-variable:<name>` ([keys](keys.md))",
        "`keys.json` in the home",
        _WORK,
        secret=Secret.POINTS,
    ),
    Setting(
        "AFSCHRIFT_INCLUDE",
        "folder of `letters`, `pages` or `grounds` of one's own, and of `inventory`",
        "the texts of the package",
        _PARSED,
        read_in="app.include",
    ),
    Setting(
        "AFSCHRIFT_INVENTORY",
        "folder of the data map ([inventory](inventory.md)); the DAG processor makes a task of each source",
        "`inventory` in the include folder, else in the home",
        _PARSED,
        read_in="app.project",
    ),
    Setting(
        "AFSCHRIFT_QUEUE",
        "queue of workers that reach every source, for tasks that follow keys from one into another; due "
        "where sources name different ones ([inventory](inventory.md#where-tasks-run))",
        "the one that all sources name",
        _PARSED,
        read_in="app.task_places",
    ),
    Setting(
        "AFSCHRIFT_POD_TEMPLATE_FILE",
        "the same for KubernetesExecutor: a template for pods that reach every source, as the scheduler "
        "sees it",
        "the one that all sources name",
        _PARSED,
        read_in="app.task_places",
    ),
    Setting(
        "AFSCHRIFT_TASKS",
        "`steps`: a task of Airflow for each step of a run, and for each source; `one`: one task for all, "
        "which costs least where requests are small ([operations](operations.md#one-task-for-all-steps))",
        "`steps`",
        (ProcessKind.PARSER, ProcessKind.WORKER, ProcessKind.TERMINAL),
        read_in="airflow_ext.params",
    ),
    Setting(
        "AFSCHRIFT_WARM",
        "`1`: what tasks need is imported once by the process that forks them, a Celery worker or a "
        "scheduler with LocalExecutor: less time for each of our tasks, and some 120 MB more in that process "
        "([deployment](deployment.md#a-guest-in-an-airflow-of-others))",
        "off; `afschrift up` and the files in `deploy` set it",
        (ProcessKind.SCHEDULER, ProcessKind.WORKER),
        read_in="entry_points",
    ),
    Setting(
        "AFSCHRIFT_ROLES",
        "path of the roles file ([questions](questions.md))",
        "`roles.yml` in the home, else in the include folder",
        _WORK,
    ),
    Setting(
        "AFSCHRIFT_STAGING",
        "folder or object store of the encrypted files between tasks; with more than one worker one that all "
        "of them reach",
        "`staging` in the home",
        _WORK,
    ),
    Setting(
        "AFSCHRIFT_STAGING_OPTIONS",
        f"{_OPTIONS_FORM}: what an object store needs for it",
        "none: the identity of the machine or pod",
        _WORK,
        secret=Secret.POINTS,
    ),
    Setting(
        "AFSCHRIFT_STAGING_HOLD_HOURS",
        "how long staging of a failed request is kept, so that it can go on",
        72,
        _RUNS,
        "hours",
    ),
    Setting(
        "AFSCHRIFT_REVIEW_HOLD_DAYS",
        "how long it is kept while a question is open: a review is answered on what lies there",
        14,
        _RUNS,
        "days",
    ),
    Setting(
        "AFSCHRIFT_DESTINATION_<NAME>",
        "address of a folder or object store for bundles; `<NAME>` in small letters is what requests call it "
        "([destinations](operations.md#destinations))",
        "`outbox`: a folder in the home",
        _WORK,
        secret=Secret.MAY_HOLD,
    ),
    Setting(
        "AFSCHRIFT_DESTINATION_<NAME>_OPTIONS",
        f"{_OPTIONS_FORM}: the kind of a destination and what that takes",
        "none",
        _WORK,
        secret=Secret.POINTS,
    ),
    Setting(
        "AFSCHRIFT_WITNESS_<NAME>",
        "address of a place for checkpoints of the trail ([trail](trail.md))",
        "none",
        _RUNS,
        secret=Secret.MAY_HOLD,
    ),
    Setting(
        "AFSCHRIFT_WITNESS_<NAME>_OPTIONS",
        f"{_OPTIONS_FORM}: what the place needs",
        "none",
        _RUNS,
        secret=Secret.POINTS,
    ),
    Setting(
        "AFSCHRIFT_MAIL",
        f"{_OPTIONS_FORM}: the mail server of letters ([letters](letters.md))",
        "none: letters are sent by hand",
        _WORK,
        secret=Secret.POINTS,
    ),
    Setting(
        "AFSCHRIFT_NOTIFIERS",
        "path of the file with who is told of days and questions, and how ([deadlines](deadlines.md))",
        "`notifiers.yml` in the home, else the log alone",
        _RUNS,
    ),
    Setting(
        "AFSCHRIFT_DEADLINE_MARKS",
        "days before the last one at which somebody is told; with a `w` working days",
        f"`{USUAL}`",
        _RUNS,
    ),
    Setting(
        "AFSCHRIFT_SWEEP_UNSTARTED_HOURS",
        "age of a request, or of an answer, that no run has followed; time that a closed request's run has "
        "to clear up itself",
        1,
        _RUNS,
        "hours",
    ),
    Setting(
        "AFSCHRIFT_SWEEP_LOST_HOURS",
        "time without a sign of life after which a run is lost. A task gives eight signs in this time, so do "
        "not go below half an hour",
        2,
        _RUNS,
        "hours",
    ),
    Setting(
        "AFSCHRIFT_BATCH_REQUESTS",
        "so many requests without a run are read together, by a run of `fulfil_batch` that the sweep starts "
        "([batch](batch.md)). 1: the sweep starts each one's own run",
        1,
        _RUNS,
        "requests",
    ),
    Setting(
        "AFSCHRIFT_BATCH_WAIT_HOURS",
        "so long a request waits for company at most; then those that wait are started, however few",
        24,
        _RUNS,
        "hours",
    ),
    Setting(
        "AFSCHRIFT_DOCUMENT_MEGABYTES",
        "largest document of a case file ([case file](operations.md#the-case-file))",
        25,
        _OFFICERS,
        "MB",
    ),
    Setting(
        "AFSCHRIFT_MANUAL_MEGABYTES",
        "largest file of a system that people search "
        "([inventory](inventory.md#a-system-that-people-search)). It is kept in the register "
        "until the case is purged, and other writers wait while it is written. On "
        "the pages all files of one answer together may be four times as large, and 500 at most; a proxy "
        "before Airflow needs the same limit ([proxy](operations.md#a-proxy-in-front))",
        500,
        _OFFICERS,
        "MB",
    ),
    Setting(
        "AFSCHRIFT_TRAIL_YEARS",
        "years of the trail that are kept after their end",
        5,
        (ProcessKind.TERMINAL,),
        "years",
    ),
    Setting(
        "AFSCHRIFT_BATCH_MEGABYTES",
        "size of the slices in which rows are handled; the memory of a task grows with it",
        4,
        _RUNS,
        "MB",
    ),
    Setting(
        "AFSCHRIFT_PART_MEGABYTES",
        "a table with more text than this goes into several files",
        2_000,
        _RUNS,
        "MB",
    ),
    Setting(
        "AFSCHRIFT_HASHED_PERCENT",
        "share of the rows of a large table that is compared with the source's own hash "
        "([sources](sources.md)); 100 compares all of them",
        5,
        _RUNS,
        "%",
    ),
    Setting(
        "AFSCHRIFT_SEARCH_ROWS",
        "rows up to which the search beside the ways of the inventory takes a table",
        20_000_000,
        _RUNS,
        "rows",
    ),
    Setting("AFSCHRIFT_SEARCH_SECONDS", "time that it may take for one table", 60, _RUNS, "seconds"),
    Setting(
        "AFSCHRIFT_AIRFLOW_URL",
        "address of the Airflow in which a terminal starts runs",
        "`http://127.0.0.1:8080`",
        (ProcessKind.TERMINAL,),
        read_in="airflow_ext.trigger",
    ),
    Setting(
        "AFSCHRIFT_AIRFLOW_TOKEN",
        "token of somebody who may trigger DAGs",
        "none: one is asked for with user and password",
        (ProcessKind.TERMINAL,),
        secret=Secret.YES,
        read_in="airflow_ext.trigger",
    ),
    Setting(
        "AFSCHRIFT_AIRFLOW_USER",
        "who asks for a token",
        "who `afschrift up` made",
        (ProcessKind.TERMINAL,),
        read_in="airflow_ext.trigger",
    ),
    Setting(
        "AFSCHRIFT_AIRFLOW_PASSWORD",
        "with what",
        "what `afschrift up` made",
        (ProcessKind.TERMINAL,),
        secret=Secret.YES,
        read_in="airflow_ext.trigger",
    ),
    Setting(
        "AFSCHRIFT_DEMO",
        "`1`: a demo, in which the trigger form takes a customer number and `admin` of Airflow is an "
        "officer. Never where real requests are",
        "off",
        _PARSED,
    ),
    Setting(
        "AFSCHRIFT_DEMO_DATA",
        "folder of the demo's warehouse",
        "`demo-data` in the home",
        (ProcessKind.WORKER, ProcessKind.TERMINAL),
        read_in="wiring.demo",
    ),
)

DEFAULTS = {one.name: float(one.default) for one in SETTINGS if not isinstance(one.default, str)}
"""Of numbers, each in its unit."""
