# Still the guest's first process, now with all files: the kernel looks for modprobe in its root.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
. /run/guest/settings
for link in fd: stdin:/0 stdout:/1 stderr:/2; do
  [ -e "/dev/${link%%:*}" ] || ln -s "/proc/self/fd${link#*:}" "/dev/${link%%:*}"
done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo guest >/proc/sys/kernel/hostname
modprobe ipv6
# As on a cluster's node: what pods on one bridge say to each other passes netfilter.
modprobe -q br_netfilter
ip link set lo up
if [ -n "$writable" ]; then
  mkdir -p "$writable"
  if [ "$kernel" = qemu ]; then
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none writable "$writable"
  else
    mount -t hostfs -o "$writable" none "$writable"
  fi
fi
if [ "$kernel" = qemu ]; then
  out=/dev/vport0p1 err=/dev/vport0p2
else
  out=/dev/ttyS0 err=/dev/ttyS1
  stty -F $out raw -echo
  stty -F $err raw -echo
fi
mkfifo /run/out /run/err
cat /run/out >$out &
cat_out=$!
cat /run/err >$err &
cat_err=$!
bash /run/guest/command </dev/null >/run/out 2>/run/err
status=$?
# What the command left running would hold the pipes; kernel threads do not mind the signal.
for process in /proc/[0-9]*; do
  case ${process#/proc/} in
    1 | $cat_out | $cat_err) ;;
    *) kill -KILL "${process#/proc/}" 2>/dev/null ;;
  esac
done
wait $cat_out
wait $cat_err
[ "$kernel" = qemu ] || stty -F $out >/dev/null
echo $status >/run/guest/status.new
mv /run/guest/status.new /run/guest/status
sync
/run/guest/busybox poweroff -f
