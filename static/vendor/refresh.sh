#!/usr/bin/env bash
# refresh.sh: fetches the packages named below again, copies the files the panel
# serves out of them, with their licences, and prints the table for VENDOR.md.
# Needs npm (for "npm pack", which installs nothing) and openssl.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"

htmx=4.0.1 tabler=1.6.1 fonts=5.3.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE VERSION: unpacks a package and prints where.
fetch() {
  local folder tarball
  folder=$(mktemp -d "$work/XXXXXX")
  tarball=$(cd "$folder" && npm pack --silent "$1@$2")
  tar xzf "$folder/$tarball" -C "$folder" --strip-components=1
  echo "$folder"
}

# row PACKAGE VERSION FILE: a line of the table.
row() {
  printf '| `%s` | %s | %s | `%s` |\n' "$3" "$1" "$2" "$(openssl dgst -sha384 -binary "$3" | openssl base64 -A)"
}

from=$(fetch htmx.org "$htmx")
cp "$from/dist/htmx.min.js" "$from/dist/ext/hx-sse.min.js" .
cp "$from/LICENSE" LICENSE.htmx
row htmx.org "$htmx" htmx.min.js
row htmx.org "$htmx" hx-sse.min.js

# Its licence is in the head of the file: the package has no other copy.
from=$(fetch @tabler/core "$tabler")
cp "$from/dist/css/tabler.min.css" .
row @tabler/core "$tabler" tabler.min.css

for kind in next mono; do
  package=@fontsource-variable/atkinson-hyperlegible-$kind
  file=atkinson-hyperlegible-$kind-latin-wght-normal.woff2
  from=$(fetch "$package" "$fonts")
  cp "$from/files/$file" .
  cp "$from/LICENSE" "LICENSE.atkinson-hyperlegible-$kind"
  row "$package" "$fonts" "$file"
done
