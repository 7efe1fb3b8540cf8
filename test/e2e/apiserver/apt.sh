# For scripts that build programs of Kubernetes from Debian's packages and install nothing. They set `work`, an
# empty folder of theirs, and `sources`, a file that tells apt where packages are.

say() { printf 'apiserver: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# The options with which apt has lists, sources and archives of our own, so that the machine's stay as they
# are; for it nothing is installed.
apt_options() {
  mkdir -p "$work"/{none,lists/partial,archives/partial}
  touch "$work/status"
  chmod 755 "$work"
  printf '%s\n' \
    -o Dir::Etc::sourceparts="$work/none" -o Dir::Etc::sourcelist="$sources" \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o Acquire::Languages=none -o APT::Sandbox::User=root
}

apt() {
  local options
  mapfile -t options < <(apt_options)
  apt-get -q "${options[@]}" "$@" >>"$work/log" 2>&1 ||
    fail "apt-get $1 failed: $(tail -5 "$work/log")"
}
