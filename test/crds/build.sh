#!/usr/bin/env bash
# Builds apiextensions-apiserver, the part of an API server that serves kinds of CustomResourceDefinitions,
# from the libraries of Kubernetes in Debian sid, which are those of a current release: unlike the API server
# of test/e2e (1.20) it compiles x-kubernetes-validations. Needs apt-get (no root) and nothing else; about
# 4 minutes on 2 cores, 370 MB of downloads and 4 GB of temporary files. Nothing is installed: what remains
# is the folder whose name is printed at the end, which later calls find at once. Delete it for a newer one.
set -euo pipefail

readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/apiextensions
readonly program=apiextensions-apiserver
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/apiserver/apt.sh"

# Where the machine has its packages from, but for the suite.
write_apt_sources() {
  local file uri
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if [[ ! -e $file ]]; then continue; fi
    uri=$(grep -oE '^(URIs:|deb) +https?://\S+' "$file" | head -1 | sed -E 's/^\S+ +//')
    break
  done
  [[ -n ${uri-} ]] || fail 'neither debian.sources nor sources.list tells where packages are'
  sources=$work/apt.sources
  printf '%s\n' 'Types: deb' "URIs: $uri" 'Suites: sid' 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >"$sources"
}

# Prints the packages of libraries that the program needs, and the compiler's.
packages() {
  local options
  mapfile -t options < <(apt_options)
  apt-get -q "${options[@]}" --simulate --no-install-recommends install \
    golang-go "golang-k8s-$program-dev" | sed -nE 's/^Inst (golang-\S+) .*/\1/p'
}

download() {
  say 'downloading the libraries of Kubernetes and Go from Debian sid'
  write_apt_sources
  apt update
  mkdir -p "$work"/{downloads,root}
  cd "$work/downloads"
  local names package
  mapfile -t names < <(packages)
  apt download "${names[@]}"
  for package in *.deb; do dpkg -x "$package" "$work/root"; done
  version=$(printf '%s\n' "golang-k8s-$program"-dev_*.deb | cut -d_ -f2)
}

build() {
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  download
  export GOROOT=$work/root/usr/lib/go GOPATH=$work/root/usr/share/gocode GOCACHE=$work/go-cache
  export GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOFLAGS= CGO_ENABLED=0
  say "compiling $program $version"
  nice "$GOROOT/bin/go" build -ldflags '-s -w' -o "$work/$program" "k8s.io/$program" ||
    fail "$program $version does not compile with the packages of today"
  mv "$work/$program" "$cache/$program"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [[ ! -x $cache/$program ]]; then
  command -v apt-get >/dev/null || fail 'needs apt-get: this is no Debian'
  say "building $program in $cache (about 4 minutes, once)"
  build
fi
printf '%s\n' "$cache"
