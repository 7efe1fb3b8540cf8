#!/usr/bin/env bash
# Builds a real API server for the tests: kube-apiserver 1.20.2 from the source package `kubernetes`
# of Debian bookworm, with etcd and kubectl beside it. Needs apt-get (no root) and nothing else;
# about 3 minutes on 2 cores, 120 MB of downloads and 2.2 GB of temporary files. Nothing is installed:
# what remains is the folder whose name is printed at the end, which later calls find at once.
#
# Usage: build.sh               prints the folder
#        build.sh kube-proxy    builds another program of Kubernetes into it as well
#
# 1.20.2 is the newest that Debian has. It lacks EndpointSlice v1 and dual stack is off by default:
# test/e2e/support/apiserver.ts says how the tests have them.
set -euo pipefail

readonly version=1.20.2
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/apiserver-$version

source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Prints the programs of the arguments that the cache lacks.
missing() {
  local program
  for program in "$@"; do
    if [[ ! -x $cache/$program ]]; then printf '%s\n' "$program"; fi
  done
}

# The machine's own sources, with the source packages switched on. The name tells apt the format.
write_apt_sources() {
  local new=/etc/apt/sources.list.d/debian.sources old=/etc/apt/sources.list
  if [[ -e $new ]]; then
    sources=$work/apt.sources
    sed 's/^Types: deb$/Types: deb deb-src/' "$new" >"$sources"
  elif [[ -e $old ]]; then
    sources=$work/apt.list
    sed -n '/^deb /{p; s/^deb /deb-src /p}' "$old" >"$sources"
  else
    fail "neither $new nor $old tells where packages are"
  fi
}

download() {
  say 'downloading the sources of kubernetes, Go 1.19, etcd and kubectl from Debian'
  mkdir -p "$work"/{downloads,root}
  chmod 755 "$work/downloads"
  write_apt_sources
  apt update
  cd "$work/downloads"
  apt source --download-only kubernetes
  apt download golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev \
    etcd-server kubernetes-client
  local package
  for package in *.deb; do dpkg -x "$package" "$work/root"; done
  cd "$work"
}

unpack() {
  local tree=$work/go/src/k8s.io/kubernetes reflect=github.com/modern-go/reflect2
  mkdir -p "$tree"
  tar -xzf "$work"/downloads/kubernetes_*.orig.tar.gz -C "$tree" --strip-components=1
  # The vendored 1.0.1 crashes when built by Go 1.18 or later; Debian has 1.0.2.
  rm -rf "$tree/vendor/$reflect"
  cp -r "$work/root/usr/share/gocode/src/$reflect" "$tree/vendor/$reflect"
  cd "$tree"
}

# Kubernetes' makefiles generate this one file, without which the API server does not compile.
generate_openapi() {
  say 'generating the OpenAPI definitions'
  go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  local folders
  folders=$(grep -rl --include='*.go' '+k8s:openapi-gen=true' staging/src/k8s.io pkg cmd plugin |
    xargs -n1 dirname | sort -u | grep -vE 'testdata|sample-apiserver|code-generator' |
    sed 's#^staging/src/#k8s.io/kubernetes/vendor/#; /^k8s.io/!s#^#k8s.io/kubernetes/#' |
    paste -sd,)
  "$work/openapi-gen" -O zz_generated.openapi -i "$folders" \
    -h hack/boilerplate/boilerplate.generatego.txt -r "$work/violations" \
    -p k8s.io/kubernetes/pkg/generated/openapi --output-base "$GOPATH/src" >>"$work/log" 2>&1
}

compile() {
  local program package stamp=
  for package in component-base/version client-go/pkg/version; do
    package=k8s.io/kubernetes/vendor/k8s.io/$package
    stamp+=" -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=20"
  done
  for program in "$@"; do
    say "compiling $program"
    nice go build -ldflags "-s -w$stamp" -o "$work/$program" "./cmd/$program"
    mv "$work/$program" "$cache/$program"
  done
}

build() {
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  export GOROOT=$work/root/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/go-cache
  export GO111MODULE=off GOPROXY=off GOFLAGS= CGO_ENABLED=0
  PATH=$GOROOT/bin:$PATH
  download
  unpack
  generate_openapi
  compile "$@"
  mv "$work/root/usr/bin/"{etcd,kubectl} "$cache/"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
mapfile -t wanted < <(missing kube-apiserver "$@")
if ((${#wanted[@]} > 0)) || [[ -n $(missing etcd kubectl) ]]; then
  command -v apt-get >/dev/null || fail 'needs apt-get: this is no Debian'
  say "building ${wanted[*]} $version in $cache (about 3 minutes, once)"
  build "${wanted[@]}"
fi
printf '%s\n' "$cache"
