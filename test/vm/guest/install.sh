#!/usr/bin/env bash
# Fetches what a test guest needs from Debian's archive into a cache outside of the tree. Installs
# nothing on this machine but a C compiler (for uml) or qemu (for qemu), and only if it has none.
#
#   install.sh uml|qemu CACHE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$1
cache=$2

# Read over this machine's files inside the guest: what network tests need and machines lack.
guest_packages=(kmod libkmod2 ipvsadm libnl-3-200 libnl-genl-3-200 libpopt0 iputils-arping libcap2)

say() { printf 'guest: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# A part is current as long as the files that make it are.
stamp() {
  case $1 in
    common) sha256sum <"$here/install.sh" ;;
    uml) cat "$here/install.sh" "$here/xstate.c" | sha256sum ;;
    qemu) cat "$here/install.sh" "$here/stage1.sh" | sha256sum ;;
  esac
}
current() { [[ $(cat "$cache/$1/stamp" 2>/dev/null) == "$(stamp "$1")" ]]; }
begin() {
  say "preparing $1 in $cache/$1"
  rm -rf "${cache:?}/$1"
  mkdir -p "$cache/$1"
}

updated=
apt_update() {
  if [[ -n $updated ]]; then return; fi
  apt-get -qq update
  updated=yes
}

# fetch FOLDER PACKAGE...: unpacks packages into a folder, without installing them.
fetch() {
  local folder=$1 package download
  shift
  say "Debian packages, unpacked only: $*"
  download=$(mktemp -d)
  apt_update
  (cd "$download" && apt-get -qq -o APT::Sandbox::User=root download "$@")
  mkdir -p "$folder"
  for package in "$download"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x -C "$folder" --exclude='./usr/share/doc' --exclude='./usr/share/man'
  done
  rm -r "$download"
}

# need COMMAND PACKAGE...: installs on this machine.
need() {
  if command -v "$1" >/dev/null; then return; fi
  shift
  say "Debian packages, installed: $*"
  apt_update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# bin, sbin and lib move below usr, as they are on this machine.
merge_usr() {
  local folder
  for folder in bin sbin lib; do
    if [[ ! -d $1/$folder ]]; then continue; fi
    mkdir -p "$1/usr/$folder"
    cp -a "$1/$folder/." "$1/usr/$folder/"
    rm -r "${1:?}/$folder"
  done
}

install_common() {
  if current common; then return; fi
  begin common
  local root=$cache/common/root command
  fetch "$root" "${guest_packages[@]}"
  merge_usr "$root"
  rm -rf "$root/etc" "$root/var" "$root/usr/share"
  for command in modprobe insmod lsmod depmod; do
    ln -sfn ../bin/kmod "$root/usr/sbin/$command"
  done
  fetch "$cache/common/unpacked" busybox-static
  mv "$(find "$cache/common/unpacked" -type f -path '*bin/busybox')" "$cache/common/busybox"
  rm -r "$cache/common/unpacked"
  stamp common >"$cache/common/stamp"
}

install_uml() {
  if current uml; then return; fi
  begin uml
  need gcc gcc libc6-dev
  local unpacked=$cache/uml/unpacked
  fetch "$unpacked" user-mode-linux
  mkdir -p "$cache/uml/layer/usr/lib"
  mv "$unpacked/usr/lib/uml/modules" "$cache/uml/layer/usr/lib/modules"
  mv "$unpacked/usr/bin/linux.uml" "$cache/uml/linux"
  rm -r "$unpacked"
  gcc -O2 -shared -fPIC -o "$cache/uml/xstate.so" "$here/xstate.c"
  stamp uml >"$cache/uml/stamp"
}

install_qemu() {
  if current qemu; then return; fi
  begin qemu
  need qemu-system-x86_64 qemu-system-x86
  apt_update
  local image unpacked=$cache/qemu/unpacked modules=$cache/qemu/layer/usr/lib/modules release
  image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
  fetch "$unpacked" "${image%%$'\n'*}"
  merge_usr "$unpacked"
  mkdir -p "${modules%/*}"
  mv "$unpacked/usr/lib/modules" "$modules"
  mv "$unpacked"/boot/vmlinuz-* "$cache/qemu/vmlinuz"
  rm -r "$unpacked"
  release=$(ls "$modules")
  (
    cd "$modules/$release/kernel"
    rm -rf sound drivers/{gpu,media,infiniband,net/wireless,net/ethernet}
  )
  # kmod looks for lib/modules, which is a link on the merged machine.
  ln -s usr/lib "$cache/qemu/layer/lib"
  LD_LIBRARY_PATH=$cache/common/root/usr/lib/x86_64-linux-gnu \
    "$cache/common/root/usr/sbin/depmod" -b "$cache/qemu/layer" "$release"
  rm "$cache/qemu/layer/lib"
  pack_initrd "$modules/$release"
  stamp qemu >"$cache/qemu/stamp"
}

# The first root of the qemu guest: busybox, and the modules that mount this machine's files.
pack_initrd() {
  local modules=$1 root=$cache/qemu/initrd module line file
  mkdir -p "$root"/{bin,proc,modules,host,run,dev}
  cp "$cache/common/busybox" "$root/bin/busybox"
  for file in sh mount mkdir insmod chroot cat; do ln -s busybox "$root/bin/$file"; done
  for module in virtio_pci 9pnet_virtio 9p overlay virtio_console; do
    line=$(grep -E "/$module\.ko(\.xz)?:" "$modules/modules.dep") || continue
    for file in $(tr ' ' '\n' <<<"${line#*:}" | tac) "${line%%:*}"; do
      if [[ -e $root/modules/${file##*/} ]]; then continue; fi
      cp "$modules/$file" "$root/modules/"
      echo "${file##*/}" >>"$root/modules/order"
    done
  done
  install -m 755 "$here/stage1.sh" "$root/init"
  (cd "$root" && find . | "$cache/common/busybox" cpio -o -H newc 2>/dev/null | gzip -1) \
    >"$cache/qemu/initrd.gz"
  rm -r "$root"
}

if [[ -x $cache/common/busybox ]] && current common && current "$kernel"; then exit; fi
if [[ $(uname -m) != x86_64 ]]; then fail 'the guest kernels are built for x86_64'; fi
if ! command -v apt-get >/dev/null; then fail 'the guest kernels come from Debian: no apt-get here'; fi
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
install_common
"install_$kernel"
