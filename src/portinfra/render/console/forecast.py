"""The forecast of a takeover as text: waves, times, data, and the errors that would refuse it."""

from collections.abc import Iterable

from portinfra.format import duration, moment
from portinfra.recovery.watch.forecast import DataSource, Forecast
from portinfra.recovery.watch.readiness import NOT_KNOWN
from portinfra.render.console.errors import show_findings
from portinfra.render.console.recovery import age_line, title
from portinfra.render.console.styled import table
from portinfra.render.console.terminal import Console


def show_prospect(found: Forecast, console: Console) -> None:
    """Print waves, times, data and errors."""
    console.print(title(found.recovery))
    console.print()
    if found.is_active:
        show_findings(found.findings, console)
        return
    rows = table("wave", "roles", "hosts", "changes", "API calls", "at least", "about", "limit", "gates")
    for number, wave in enumerate(found.waves, 1):
        rows.add_row(
            str(number),
            ", ".join(wave.roles),
            str(wave.hosts),
            str(wave.changes),
            str(wave.calls),
            duration(wave.floor_seconds),
            "not known" if wave.about_seconds is None else duration(wave.about_seconds),
            duration(wave.limit_seconds),
            "; ".join(wave.gates) or "all hosts run",
        )
    console.print(rows)
    console.print()
    time, floor = f"of {duration(found.rto)} (rto)", _time_of_steps(found)
    if found.measured is None:
        console.print(f"Time: not known, {time}: no drill has measured it yet, and {floor}.")
    else:
        took = f"drill {found.measured_in} took {duration(found.measured)}, and {floor}"
        console.print(f"Time: about {duration(found.estimate)} {time}: {took}.")
    if found.status.standby_runs:
        where = found.recovery.target.name
        console.print(f"Hosts of {where} run as a standby. They stop, and start with this data:")
    console.print(_used_data_line(found))
    for line in _group_lines(found):
        console.print(f"  {line}")
    show_findings(found.findings, console)
    console.print(f"Not checked: {'; '.join(NOT_KNOWN)}.")


def _time_of_steps(found: Forecast) -> str:
    if found.about_seconds is None:
        return f"the calls alone take {duration(found.floor_seconds)}"
    return f"the steps take about {duration(found.about_seconds)} with the usual waits"


def _used_data_line(found: Forecast) -> str:
    """Return one line about the age of the data that the takeover would use."""
    if found.as_of:
        return f"Data as of {moment(found.as_of)}:"
    if found.carries_last_point and found.status.volumes:
        return f"Data: as it is when {found.recovery.source.name} is stopped."
    ages = {each.group: each.age for each in found.data}
    volumes = [volume.group for volume in found.status.volumes]
    used = [ages[group] for group in volumes if group in ages]
    return age_line(used, len(volumes) - len(used), found.status.rpo)


def _group_lines(found: Forecast) -> Iterable[str]:
    """Yield a sentence for each group: the data that is restored, its age, and what is not restored."""
    source = found.recovery.source.name
    named = {each.group: each for each in found.data}
    for group in dict.fromkeys([*(volume.group for volume in found.status.volumes), *named]):
        if found.carries_last_point:
            yield f"{group}: a last point, made after {source} is stopped. All written data is restored."
        elif group in named:
            yield f"{group}: {_data_sentence(named[group], source)}"
        else:
            yield f"{group}: no data."


def _data_sentence(data: DataSource, source: str) -> str:
    what = f"{data.what}, kept as they are" if data.is_own else data.what
    if data.taken is None:
        return f"{what}. No data of {source} is restored."
    age = "of an age that is not known" if data.age is None else f"at most {duration(data.age)} old"
    written = f"Data that {source} wrote" if data.is_own else "Data written"
    return f"{what}, {age} ({moment(data.taken)}). {written} after that is not restored."
