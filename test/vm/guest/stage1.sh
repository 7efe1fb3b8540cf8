#!/bin/sh
# The guest's first process, on a bare root: this machine's files, read-only (uml), or a small root
# in memory (qemu). Puts a layer of memory over this machine's files and goes on in there.
PATH=/bin:/sbin:/usr/bin:/usr/sbin
export PATH
mount -t proc proc /proc
for word in $(cat /proc/cmdline); do
  case $word in guest_*=*) eval "${word%%=*}='${word#*=}'" ;; esac
done

share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }

if [ "$guest_kernel" = qemu ]; then
  while read -r module; do insmod "/modules/$module"; done </modules/order
  share host /host cache=loose,ro
  low=/host
else
  "$guest_cache/common/busybox" insmod \
    "$guest_cache/uml/layer/usr/lib/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
  low=/
fi
mount -t tmpfs -o size=75% tmpfs /run
mkdir -p /run/upper /run/work /run/root /run/cache
# The cache is a mount of its own: overlayfs refuses layers that lie inside one another.
if [ "$guest_kernel" = qemu ]; then
  share cache /run/cache cache=loose,ro
else
  mount -t hostfs -o "$guest_cache" none /run/cache
fi
root=/run/root
layers=/run/cache/common/root:/run/cache/$guest_kernel/layer:$low
mount -t overlay -o "lowerdir=$layers,upperdir=/run/upper,workdir=/run/work" overlay $root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t devtmpfs devtmpfs $root/dev
mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts $root/dev/pts
mount -t tmpfs tmpfs $root/dev/shm
mount -t tmpfs -o mode=755 tmpfs $root/run
mkdir -p $root/run/guest $root/run/lock
if [ "$guest_kernel" = qemu ]; then
  share control $root/run/guest cache=none
else
  mount -t hostfs -o "$guest_control" none $root/run/guest
fi
exec chroot $root /bin/sh /run/guest/stage2.sh
