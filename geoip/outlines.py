"""Makes src/admin/page/world.json: outlines of countries for the map of the admin page.

Outlines are those of Natural Earth at 1:110,000,000 (public domain), as the npm package world-atlas has them. A country
that is too small to be drawn there is a point, from countries.csv. Same bytes for the same inputs.
"""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import pycountry

PACKAGE = "world-atlas@2.0.2"
HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "src/admin/page/world.json"
# Plate carrée without Antarctica, in units that are whole numbers.
SCALE, TOP, BOTTOM = 4, 84, -57
# No number of their own in ISO 3166.
UNNUMBERED = {"Kosovo": "XK"}


def atlas():
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=scratch, check=True, capture_output=True, text=True)
        with tarfile.open(pathlib.Path(scratch) / packed.stdout.split()[-1]) as package:
            return json.load(io.TextIOWrapper(package.extractfile("package/countries-110m.json"), "utf-8"))


def arcs(topology):
    (kx, ky), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * kx + dx, y * ky + dy))
        yield points


def project(longitude, latitude):
    return round((longitude + 180) * SCALE), round((TOP - max(latitude, BOTTOM)) * SCALE)


def ring(lines, numbers):
    points = []
    for number in numbers:
        line = lines[number] if number >= 0 else lines[~number][::-1]
        points.extend(line[1:] if points else line)
    # Where a ring crosses the line of dates it goes on beyond the edge, and is drawn there again from the other side.
    wide = [points[0]]
    for longitude, latitude in points[1:]:
        turns = round((wide[-1][0] - longitude) / 360)
        wide.append((longitude + 360 * turns, latitude))
    shifts = {0, *(-360 for x, _ in wide if x > 180), *(360 for x, _ in wide if x < -180)}
    return "".join(closed([(x + shift, y) for x, y in wide]) for shift in sorted(shifts))


def closed(points):
    flat = []
    for point in (project(*point) for point in points):
        if not flat or flat[-1] != point:
            flat.append(point)
    if len(flat) < 4:
        return ""
    (x, y), rest = flat[0], flat[1:-1]
    text = f"M{x} {y}l"
    steps = []
    for next_x, next_y in rest:
        steps.append(f"{next_x - x} {next_y - y}")
        x, y = next_x, next_y
    return text + " ".join(steps).replace(" -", "-") + "z"


def code(shape):
    name = shape["properties"]["name"]
    if name in UNNUMBERED:
        return UNNUMBERED[name]
    country = pycountry.countries.get(numeric=shape["id"]) if "id" in shape else None
    return country and country.alpha_2


def called(iso):
    country = pycountry.countries.get(alpha_2=iso)
    return getattr(country, "common_name", country.name) if country else {"XK": "Kosovo"}.get(iso)


def main():
    topology = atlas()
    lines = list(arcs(topology))
    shapes, unnamed = {}, []
    for shape in topology["objects"]["countries"]["geometries"]:
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        path = "".join(ring(lines, numbers) for polygon in polygons for numbers in polygon)
        iso = code(shape)
        if iso == "AQ":
            continue
        if iso is None:
            unnamed.append(path)
        else:
            shapes[iso] = path
    countries = {}
    with open(HERE / "countries.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            iso = row["iso_code"]
            at = project(float(row["longitude"]), float(row["latitude"]))
            if called(iso) and iso != "AQ":
                countries[iso] = [called(iso), shapes.get(iso) or list(at)]
    for iso in shapes:
        countries.setdefault(iso, [called(iso), shapes[iso]])
    world = {
        "licence": "Outlines: Natural Earth, public domain. Points: GeoNames, CC BY 4.0.",
        "width": 360 * SCALE,
        "height": (TOP - BOTTOM) * SCALE,
        "countries": dict(sorted(countries.items())),
        "unnamed": unnamed,
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(world, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} octets, {len(countries)} countries", file=sys.stderr)


if __name__ == "__main__":
    main()
