#!/usr/bin/env bash
# Installs what building and the demo need and this machine lacks; with the argument `tests` what tests need,
# too, with `image` what building the image needs, with `page` the browser that the page is tested in. Says
# what it does, and says nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

install_npm_packages() {
  # npm writes this file last: it tells how old the installation is.
  local installed=node_modules/.package-lock.json
  if [[ -e $installed && ! package-lock.json -nt $installed ]]; then return; fi
  say 'npm packages (npm ci)'
  npm ci --loglevel=error
  touch "$installed"
}

# Prints the Debian packages whose command is missing; further rows are arguments.
missing_debian_packages() {
  local row
  for row in nft:nftables ip:iproute2 conntrack:conntrack openssl:openssl setpriv:util-linux iptables:iptables tcpdump:tcpdump ping:iputils-ping arping:iputils-arping ndisc6:ndisc6 "$@"; do
    if ! command -v "${row%%:*}" >/dev/null; then printf '%s\n' "${row##*:}"; fi
  done
}

install_debian_packages() {
  local packages
  mapfile -t packages < <(missing_debian_packages "$@")
  if ((${#packages[@]} == 0)); then return; fi
  if ! command -v apt-get >/dev/null; then
    fail "please install ${packages[*]} (this is no Debian: their names may differ)"
  fi
  local become=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "please install ${packages[*]} as root"
    become=(sudo)
  fi
  say "Debian packages: ${packages[*]}"
  local log
  log=$(mktemp)
  if ! {
    "${become[@]}" apt-get update &&
      "${become[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${packages[@]}"
  } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "apt-get could not install ${packages[*]}"
  fi
  rm -f "$log"
  # Tests start daemons of their own; Debian starts one of each for the machine.
  local daemon
  for daemon in frr prometheus; do
    if [[ " ${packages[*]} " == *" $daemon "* && -d /run/systemd/system ]]; then
      "${become[@]}" systemctl disable --quiet --now "$daemon" || true
    fi
  done
}

build() {
  local sources=(src scripts/build.mjs package.json package-lock.json tsconfig*.json)
  if [[ -e dist/nodelb.js ]] &&
    [[ -z $(find "${sources[@]}" -newer dist/nodelb.js -print -quit) ]]; then
    return
  fi
  say 'dist/nodelb.js (npm run build)'
  npm run --silent build
}

install_npm_packages
case ${1-} in
  tests) install_debian_packages vtysh:frr unzip:unzip promtool:prometheus zsh:zsh fish:fish groff:groff-base jq:jq man:man-db ;;
  image) install_debian_packages buildah:buildah debootstrap:debootstrap runc:runc ;;
  page) install_debian_packages chromium-headless-shell:chromium-headless-shell ;;
  *) install_debian_packages ;;
esac
build
