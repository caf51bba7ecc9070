"""Lists: what they show and when, filters, order, pages, and zones that they cannot tell about.

https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList: an aggregated list is a map
from scope to what is in it; an empty scope has a warning in its stead.
"""

import base64
import json
from typing import Any

from emulator import filters, geography, images, official, operations, quotas
from emulator.call import Call
from emulator.errors import GceError, invalid
from emulator.kinds import PLACES
from emulator.links import link
from emulator.project import Project, Resource
from portinfra.testing.lag import state_at

Entry = tuple[str, dict[str, Any]]
"""A scope, and a body in it."""

MOST = 500
"""https://cloud.google.com/compute/docs/reference/rest/v1/instances/list: maxResults is 0 to 500."""

STATIC = ("machineTypes", "diskTypes", "images", "zones", "regions")


def serve(call: Call) -> dict[str, Any]:
    """A list, of one scope or aggregated."""
    aggregated = call.method.action == "aggregatedList"
    told = official.schema(call.method.told)["properties"]
    item = _item_schema(call.method.told, call.collection)
    entries = _entries(call, "" if aggregated else call.scope)
    test = filters.compiled(call.params.get("filter", ""), item)
    entries = [entry for entry in entries if test(entry[1])]
    page, more = _page(call, entries)
    answer: dict[str, Any] = {
        "kind": told["kind"]["default"],
        "id": "/".join(call.method.path).format(**call.params),
        "selfLink": link("/".join(call.method.path).format(**call.params)),
    }
    if aggregated:
        answer["items"] = _scoped(call, page)
        _tell_missing(call, answer, answer["items"])
    elif page:
        answer["items"] = [body for _, body in page]
    if more:
        answer["nextPageToken"] = more
    return answer


def _item_schema(name: str, collection: str) -> str:
    items = official.schema(name)["properties"]["items"]
    if "additionalProperties" in items:
        scoped = official.schema(items["additionalProperties"]["$ref"])["properties"]
        items = scoped[collection]
    found: str = items["items"]["$ref"]
    return found


def _entries(call: Call, scope: str) -> list[Entry]:
    """What there is to show, of one scope or of all where it is empty."""
    there, collection = call.project, call.collection
    if collection == "operations":
        known = (
            each for each in there.operations.values() if each.inserted <= there.now - there.lag(each.id)
        )
        found = [(operation.scope, operations.tell(there, operation)) for operation in known]
    elif collection in STATIC:
        found = static(there, collection, scope)
    else:
        found = [(each.scope, body) for each, body in _shown(there, collection)]
    silent = {f"zones/{zone}" for zone in there.settings.silent}
    return [entry for entry in found if scope in ("", entry[0]) and entry[0] not in silent]


def static(there: Project, collection: str, scope: str = "") -> list[Entry]:
    """What Google offers to everybody."""
    if collection == "images":
        return [("global", body) for body in images.bodies(there.id)]
    if collection in ("zones", "regions"):
        return [("global", body) for body in places(there, collection)]
    bodies = geography.machine_type_bodies if collection == "machineTypes" else geography.disk_type_bodies
    return [
        (f"zones/{zone}", body | {"selfLink": f"{where}/{collection}/{body['name']}"})
        for zone in ([scope.partition("/")[2]] if scope else geography.ZONES)
        for where in (link(f"projects/{there.id}/zones/{zone}"),)
        for body in bodies(zone if collection == "machineTypes" else where)
    ]


def places(there: Project, collection: str) -> list[dict[str, Any]]:
    """The zones or regions."""
    names = geography.ZONES if collection == "zones" else geography.REGIONS
    found = []
    for name in names:
        body: dict[str, Any] = {
            "kind": f"compute#{collection.removesuffix('s')}",
            "id": geography.number(name),
            "creationTimestamp": geography.BORN,
            "name": name,
            "description": name,
            "status": "UP",
            "selfLink": link(f"projects/{there.id}/{collection}/{name}"),
        }
        if collection == "zones":
            body["region"] = link(f"projects/{there.id}/regions/{geography.ZONES[name]}")
            body["supportsPzs"] = True
        else:
            body["zones"] = [
                link(f"projects/{there.id}/zones/{zone}")
                for zone, region in geography.ZONES.items()
                if region == name
            ]
            body["quotas"] = quotas.told(there, name)
        found.append(body)
    return found


def _shown(there: Project, collection: str) -> list[tuple[Resource, dict[str, Any]]]:
    """Resources as a list shows them now, which may be as they were a while ago."""
    settings, now = there.settings, there.now
    lag, linger = settings.visibility_seconds, settings.lingering_seconds
    alive = [each for each in there.all(collection) if each.shown <= now]
    if not there.remembers:
        return [(each, each.body) for each in alive]
    if settings.stale_seconds:
        return _shown_stale(there, collection, alive)
    there.ghosts = [ghost for ghost in there.ghosts if now - ghost[0] < linger]
    shown = []
    for each in alive:
        then = [body for moment, body in each.past if moment <= now - lag]
        if not each.past and each.born <= now - lag:
            then = [each.body]
        if then:
            shown.append((each, then[-1]))
    names = {(each.scope, each.name) for each, _ in shown}
    for _, each in there.ghosts:
        if each.kind.collection == collection and (each.scope, each.name) not in names:
            shown.append((each, each.past[-1][1] if each.past else each.body))
    return shown


def _shown_stale(
    there: Project, collection: str, alive: list[Resource]
) -> list[tuple[Resource, dict[str, Any]]]:
    """Resources, each as it was at a moment of its own."""
    now = there.now
    there.ghosts = [ghost for ghost in there.ghosts if now - ghost[0] < there.settings.stale_seconds]
    left = [each for gone, each in there.ghosts if now - there.lag(each.body["id"]) < gone]
    found: dict[tuple[str, str], tuple[Resource, dict[str, Any]]] = {}
    for each in [*(each for each in left if each.kind.collection == collection), *alive]:
        moment = now - there.lag(each.body["id"])
        states = each.past or [(each.born, each.body)]
        body = state_at(states, moment)
        if body is not None:
            found[each.scope, each.name] = (each, body)
    return list(found.values())


def _page(call: Call, entries: list[Entry]) -> tuple[list[Entry], str]:
    """The page that is asked for, and the token of the next one."""
    most = call.params.get("maxResults", MOST) or MOST
    if most > MOST:
        raise invalid("maxResults", most, f"Value should be less than or equal to {MOST}.")
    if call.project.settings.page_limit and call.collection not in STATIC:
        most = min(most, call.project.settings.page_limit)
    order = call.params.get("orderBy", "")
    if order == "creationTimestamp desc":
        entries = sorted(entries, key=lambda entry: int(entry[1]["id"]), reverse=True)
        keys: list[Any] = [[-int(body["id"])] for _, body in entries]
    elif order in ("", "name"):
        entries = sorted(entries, key=lambda entry: (entry[0], entry[1]["name"]))
        keys = [[scope, body["name"]] for scope, body in entries]
    else:
        raise invalid("orderBy", order, "Only ordering by name or creationTimestamp desc is supported.")
    start = 0
    if call.params.get("pageToken"):
        last = _last(call)
        start = next((at for at, key in enumerate(keys) if key > last), len(keys))
    page = entries[start : start + most]
    if start + most >= len(entries):
        return page, ""
    return page, _token(call, keys[start + most - 1])


def _what(call: Call) -> list[str]:
    """What a page's token is good for: the same list again."""
    return [call.method.id, call.scope, call.params.get("filter", ""), call.params.get("orderBy", "")]


def _token(call: Call, key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([_what(call), key]).encode()).decode()


def _last(call: Call) -> Any:
    token = call.params["pageToken"]
    try:
        what, key = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise invalid("pageToken", token, "Invalid page token.") from None
    if what != _what(call):
        raise invalid("pageToken", token, "Invalid page token.")
    return key


def _scoped(call: Call, page: list[Entry]) -> dict[str, Any]:
    scopes = []
    for place in PLACES[call.collection]:
        names = {"global": ("",), "regions": geography.REGIONS, "zones": geography.ZONES}[place]
        scopes += [f"{place}/{name}" if name else place for name in names]
    told: dict[str, Any] = {scope: {} for scope in sorted(scopes)}
    for scope, body in page:
        told[scope].setdefault(call.collection, []).append(body)
    for scope, held in told.items():
        if not held:
            message = f"There are no results for scope '{scope}' on this page."
            held["warning"] = _warning("NO_RESULTS_ON_PAGE", message, scope)
    return told


def _tell_missing(call: Call, answer: dict[str, Any], items: dict[str, Any]) -> None:
    """`unreachables` and the warning UNREACHABLE of the schema of aggregated lists.

    "when partial success behavior is enabled, aggregatedList for a single zone scope either returns all
    resources in the zone or no resources, with an error code":
    https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList ("returnPartialSuccess").
    """
    settings = call.project.settings
    missing = sorted(f"zones/{zone}" for zone in settings.silent if f"zones/{zone}" in items)
    if not missing:
        return
    partial = settings.partial
    if partial == "failure" and not call.params.get("returnPartialSuccess"):
        raise GceError(503, "backendError", f"Backend error: cannot reach {', '.join(missing)}")
    for scope in missing:
        if partial == "unreachables":
            items[scope].pop("warning")
        else:
            message = f"The scope '{scope}' is unreachable."
            items[scope]["warning"] = _warning("UNREACHABLE", message, scope)
    if partial != "unreachables":
        answer["warning"] = _warning("UNREACHABLE", "Some scopes are unreachable.", *missing)
    if partial != "warning":
        answer["unreachables"] = missing


def _warning(code: str, message: str, *scopes: str) -> dict[str, Any]:
    data = [{"key": "scope", "value": scope} for scope in scopes]
    return {"code": code, "message": message, "data": data}
