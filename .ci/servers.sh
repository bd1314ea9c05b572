#!/usr/bin/env bash
# servers.sh install | check
#
# What the tests need beside Go: real mail servers that nobody here wrote, a C
# compiler for the race detector, a browser.
#
#   install   says what is missing and why it is wanted, then installs it
#             (Debian, as root or with sudo); does nothing when all is there
#   check     prints what is missing, one per line; exits 1 if anything is
#
# axe-core, which looks for what keeps people out of a page, is unpacked into
# .cache/axe by "npm pack".
#
# Debian's IMAP servers exclude each other as packages. Dovecot is installed;
# Cyrus and Courier are only unpacked, into .cache in the checkout, and never
# touch the system. Nothing installed here is ever started outside a test.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cyrus=$root/.cache/cyrus
courier=$root/.cache/courier
axe=$root/.cache/axe
axe_version=4.14.1

# One line each: name, Debian packages, what it is for.
wanted='dovecot|dovecot-imapd|a mail server to copy from and to
gcc|gcc libc6-dev|the race detector of "go test -race"
chromium-headless-shell|chromium-headless-shell|the browser of the page tests
openssl|openssl|to look at certificates by hand
npm|npm|to fetch axe-core
axe|-|the accessibility checks of the page tests
cyrus|-|a second mail server, stricter than the first
courier|-|a third, that old hosts run: no special use, no LITERAL+, few connections'

has() {
  case $1 in
    dovecot) [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ] ;;
    gcc) command -v gcc >/dev/null && [ -e /usr/include/stdlib.h ] ;;
    cyrus) [ -x "$cyrus/current/usr/lib/cyrus/bin/master" ] ;;
    courier) [ -x "$courier/current/usr/bin/imapd" ] && cmp -s "$courier/current/preload.c" "$root/.ci/courier.c" ;;
    axe) [ -s "$axe/axe.min.js" ] && [ "$(cat "$axe/version" 2>/dev/null)" = "$axe_version" ] ;;
    npm) has axe || command -v npm >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing() {
  local name packages why
  while IFS='|' read -r name packages why; do
    has "$name" || printf '%s|%s|%s\n' "$name" "$packages" "$why"
  done <<<"$wanted"
}

check() {
  local list name packages why
  list=$(missing)
  [ -n "$list" ] || return 0
  while IFS='|' read -r name packages why; do
    case $name in
      cyrus|courier) echo "$name: $why (unpacked by '.ci/servers.sh install' on Debian)" ;;
      axe) echo "axe-core: $why (unpacked by '.ci/servers.sh install', which needs npm)" ;;
      *) echo "$name: $why (Debian packages: $packages)" ;;
    esac
  done <<<"$list"
  return 1
}

# as_root runs a command as root: directly, or with a sudo that does not ask.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# can_install says why it cannot. Only packages need root: given none, there are
# only servers to unpack.
can_install() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "this machine has no apt-get: install these yourself" >&2
    return 1
  }
  [ $# -eq 0 ] || [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || {
    echo "neither root nor a sudo that works without asking: install these yourself, or run this as root" >&2
    return 1
  }
}

# fresh_lists updates apt's package lists when a wanted package is not in them.
fresh_lists() {
  local p
  for p in "$@"; do
    [ -n "$(apt-cache policy "$p" 2>/dev/null | sed -n 's/ *Candidate: *\([^(].*\)/\1/p')" ] || {
      as_root apt-get update -qq
      return
    }
  done
}

policy=/usr/sbin/policy-rc.d
kept=$policy.before-trasloco

# hold_services forbids packages to start their services while they are
# installed: the system's own Dovecot must not come up. release_services puts
# back what was there, also after a run that was killed.
hold_services() {
  [ -e "$kept" ] || [ ! -e "$policy" ] || as_root mv "$policy" "$kept"
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  trap release_services EXIT
}
release_services() {
  as_root rm -f "$policy"
  [ ! -e "$kept" ] || as_root mv "$kept" "$policy"
  trap - EXIT
}

# apt_install retries once with fresh package lists: a mirror drops old versions.
apt_install() {
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
  fresh_lists "$@"
  hold_services
  as_root "${get[@]}" >/dev/null || { as_root apt-get update -qq && as_root "${get[@]}" >/dev/null; }
  release_services
}

# absent_libraries prints, of the packages given and all that they depend on,
# the libraries that are not installed. libclamav is left out: only Cyrus' virus
# scanner wants it, and it is large.
absent_libraries() {
  local seen=' ' queue=("$@") p d
  while [ ${#queue[@]} -gt 0 ]; do
    p=${queue[0]} queue=("${queue[@]:1}")
    for d in $(apt-cache depends "$p" | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p'); do
      case $seen in *" $d "*) continue ;; esac
      case $d in libclamav*|*-perl) continue ;; esac
      seen+="$d "
      dpkg-query -W -f='${Status}' "$d" 2>/dev/null | grep -q 'ok installed' && continue
      echo "$d"
      queue+=("$d")
    done
  done
}

# unpack puts packages, and the libraries that they lack, into "tree" in a new folder
# below the one given, and prints that folder.
unpack() {
  local folder=$1 work deb
  shift
  mkdir -p "$folder"
  echo '*' > "$root/.cache/.gitignore"
  work=$(mktemp -d "$folder/unpacking.XXXXXX")
  mkdir "$work/tree"
  chmod 755 "$work" "$work/tree"
  download "$work" "$@" $(absent_libraries "$@")
  for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/tree"; done
  echo "$work"
}

# settle moves what was unpacked to FOLDER/VERSION and points FOLDER/current there,
# once every library of the programs named is found.
settle() {
  local folder=$1 version=$2 work=$3 bin paths unfound
  shift 3
  paths=$(find "$work/tree/usr/lib" "$work/tree/lib" -maxdepth 1 -name '*-linux-gnu*' -printf '%p:' 2>/dev/null || true)
  for bin in "$@"; do
    unfound=$(LD_LIBRARY_PATH=$paths$work/tree/usr/lib ldd "$work/tree/$bin" | sed -n 's/ => not found//p' | sort -u)
    [ -z "$unfound" ] || { echo "$bin lacks:" $unfound >&2; rm -rf "$work"; return 1; }
  done
  rm -rf "${folder:?}/$version"
  mv "$work/tree" "$folder/$version"
  ln -sfn "$version" "$folder/current"
  rm -rf "$work"
}

candidate() { apt-cache policy "$1" | sed -n 's/ *Candidate: *//p'; }

# unpack_cyrus unpacks Cyrus. libeatmydata makes fsync do nothing: mail of a test need
# not survive a power cut, and Cyrus is several times faster.
unpack_cyrus() {
  local packages=(cyrus-imapd cyrus-common libeatmydata1) work
  fresh_lists "${packages[@]}"
  work=$(unpack "$cyrus" "${packages[@]}")
  settle "$cyrus" "$(candidate cyrus-imapd)" "$work" usr/lib/cyrus/bin/{master,imapd,ctl_cyrusdb}
}

# unpack_courier unpacks Courier, without the daemon that knows its users: the tests
# answer in its place, by way of courier.c.
unpack_courier() {
  local packages=(courier-imap courier-base courier-authlib libgamin0) work
  fresh_lists "${packages[@]}"
  work=$(unpack "$courier" "${packages[@]}")
  cp "$root/.ci/courier.c" "$work/tree/preload.c"
  gcc -Wall -O1 -shared -fPIC -o "$work/tree/preload.so" "$work/tree/preload.c" || { rm -rf "$work"; return 1; }
  settle "$courier" "$(candidate courier-imap)" "$work" usr/bin/{imapd,couriertls} usr/sbin/couriertcpd usr/lib/courier/courier/imaplogin
}

# unpack_axe puts axe.min.js into .cache/axe. "npm pack" only fetches: it installs
# nothing and runs none of the package's scripts.
unpack_axe() {
  local work
  mkdir -p "$axe"
  echo '*' > "$root/.cache/.gitignore"
  work=$(mktemp -d "$axe/unpacking.XXXXXX")
  (cd "$work" && npm pack --silent "axe-core@$axe_version" >/dev/null && tar xzf ./*.tgz --strip-components=1)
  mv "$work/axe.min.js" "$work/LICENSE" "$axe/"
  echo "$axe_version" > "$axe/version"
  rm -rf "$work"
}

# download fetches packages into a folder, once more after an update of the
# lists if a version is gone from the mirror.
download() {
  local folder=$1
  shift
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "$@") && return
  as_root apt-get update -qq
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "$@")
}

install() {
  local list name packages why debs=()
  list=$(missing)
  [ -n "$list" ] || return 0
  while IFS='|' read -r name packages why; do
    [ "$packages" = - ] || debs+=($packages)
  done <<<"$list"
  can_install "${debs[@]}" || { check; return 1; }
  echo "The tests need these, and they are not here yet:"
  while IFS='|' read -r name packages why; do
    case $name in
      cyrus|courier) printf "  %-10s %s; Debian's packages are unpacked into .cache, not installed\n" "$name" "$why" ;;
      axe) echo "  axe-core   $why; unpacked into .cache/axe with npm pack, not installed" ;;
      *) printf '  %-10s %s; installed with apt-get: %s\n' "$name" "$why" "$packages" ;;
    esac
  done <<<"$list"
  [ ${#debs[@]} -eq 0 ] || apt_install "${debs[@]}"
  has cyrus || unpack_cyrus
  has courier || unpack_courier
  has axe || unpack_axe
  check
}

case ${1:-} in
  install) install ;;
  check) check ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
