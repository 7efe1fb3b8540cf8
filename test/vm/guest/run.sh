#!/usr/bin/env bash
# Runs a command as root in a kernel of its own, which sees the files of this machine.
#
#   run.sh uml|qemu [--writable FOLDER] [--console] COMMAND [ARGUMENT...]
#
# uml   user-mode Linux: up in a second, nearly as fast as this machine, one processor; ipvs, dummy
#       interfaces, legacy iptables, ipset; no nftables
# qemu  Debian's kernel under emulation: up in ten seconds, many times slower; all that Debian has
#
# What the command writes stays in the guest's memory and is forgotten, but below FOLDER. It gets
# this environment and folder and no input. Ends with the command's status, or with 125 when the
# guest did not run it to its end. --console shows what the kernel says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  printf 'guest: %s\n' "$*" >&2
  exit 125
}

if [[ ${1-} != uml && ${1-} != qemu ]]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi

# In namespaces of our own: whatever ends this process, all processes and mounts below it go too.
if [[ ${guest_inside-} != yes ]]; then
  if ((EUID != 0)); then fail 'a guest needs root to mount the files of this machine'; fi
  cache=${NODELB_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nodelb-guest}
  "$here/install.sh" "$1" "$cache" || fail 'what the guest needs could not be fetched'
  guest_inside=yes guest_cache=$cache exec setpriv --pdeathsig KILL \
    unshare --mount --pid --net --fork --kill-child=KILL --mount-proc "${BASH_SOURCE[0]}" "$@"
fi
trap 'exit 130' INT TERM HUP

kernel=$1 cache=$guest_cache memory=1536M writable='' console=''
shift
unset guest_inside guest_cache
while (($# > 0)); do
  case $1 in
    --writable)
      writable=$(realpath -e "$2")
      shift 2
      ;;
    --console)
      console=yes
      shift
      ;;
    *) break ;;
  esac
done
if (($# == 0)); then fail 'no command'; fi

# Seen by the guest as /run/guest; the guest has a /run of its own.
control=/run

protect_files() {
  local mount
  mount -t tmpfs -o size=2G tmpfs "$control"
  if [[ -n $writable ]]; then mount --bind "$writable" "$writable"; fi
  while read -r mount; do
    case $mount in
      /proc | /proc/* | /dev | /dev/* | /sys | /sys/* | "$control" | "$writable") ;;
      *) mount -o remount,bind,ro "$mount" 2>/dev/null || true ;;
    esac
  done < <(cut -d' ' -f5 /proc/self/mountinfo)
}

write_command() {
  export -p | grep -vE '^declare -x (TMPDIR|LD_PRELOAD)=?'
  printf 'cd %q || exit 125\nexec' "$PWD"
  printf ' %q' "$@"
  echo
}

start_uml() {
  exec 7>"$control/out" 8>"$control/err"
  mkdir "$control/memory"
  env -i PATH="$PATH" HOME=/root TMPDIR="$control/memory" LD_PRELOAD="$cache/uml/xstate.so" \
    "$cache/uml/linux" "mem=$memory" root=/dev/root rootfstype=hostfs rootflags=/ ro \
    "uml_dir=$control/memory" umid=guest con=null con0=null,fd:1 \
    ssl=null ssl0=null,fd:7 ssl1=null,fd:8 "init=$here/stage1.sh" \
    guest_kernel=uml "guest_cache=$cache" "guest_control=$control" \
    noreboot panic=-1 initcall_blacklist=raid6_select_algo,raid6_init,init_btrfs_fs
}

start_qemu() {
  local share=security_model=none,multidevs=remap
  local shares=(
    -virtfs "local,path=/,mount_tag=host,$share,readonly=on"
    -virtfs "local,path=$cache,mount_tag=cache,$share,readonly=on"
    -virtfs "local,path=$control,mount_tag=control,$share"
  )
  if [[ -n $writable ]]; then shares+=(-virtfs "local,path=$writable,mount_tag=writable,$share"); fi
  qemu-system-x86_64 -nodefaults -no-user-config -nographic -no-reboot \
    -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max -smp 1 -m "$memory" \
    -kernel "$cache/qemu/vmlinuz" -initrd "$cache/qemu/initrd.gz" \
    -serial stdio -device virtio-serial-pci,max_ports=4 \
    -chardev "file,id=out,path=$control/out,append=on" -device virtserialport,nr=1,chardev=out \
    -chardev "file,id=err,path=$control/err,append=on" -device virtserialport,nr=2,chardev=err \
    "${shares[@]}" -append "console=ttyS0 panic=-1 mitigations=off nokaslr tsc=reliable quiet \
guest_kernel=qemu guest_cache=$cache guest_control=$control"
}

protect_files
cp "$cache/common/busybox" "$here/stage2.sh" "$control/"
printf 'kernel=%s\nwritable=%q\n' "$kernel" "$writable" >"$control/settings"
write_command "$@" >"$control/command"
mkfifo "$control/out" "$control/err"
cat "$control/out" &
cats=($!)
cat "$control/err" >&2 &
cats+=($!)
touch "$control/console"
if [[ -n $console ]]; then tail -f "$control/console" >&2 & fi

"start_$kernel" </dev/null >"$control/console" 2>&1 &
machine=$!
wait $machine || true
wait "${cats[@]}" || true
if [[ ! -e $control/status ]]; then
  tail -25 "$control/console" >&2
  fail 'the guest stopped before the command did; its console ends as above'
fi
exit "$(<"$control/status")"
