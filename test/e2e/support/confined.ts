/**
 * All but /proc and /dev turns read-only, and /proc/sys too, in a mount namespace that is gone with
 * its last process. /run becomes the container's own, with nothing but the status socket's folder.
 */
const READ_ONLY = `
set -eu
mount --bind /proc/sys /proc/sys
# The paths in mountinfo are escaped, for printf to undo.
cut -d' ' -f5 /proc/self/mountinfo | while read -r escaped; do
  path=$(printf '%b' "$escaped")
  case $path in
    /proc/sys) ;;
    /proc|/proc/*|/dev|/dev/*|/run/*) continue ;;
  esac
  mount -o remount,bind,ro "$path"
done
mount -t tmpfs -o mode=755,size=64k nodelb /run
mkdir /run/nodelb
mount -t tmpfs -o mode=755,size=1m nodelb /run/nodelb
mount -o remount,bind,ro /run
exec setpriv --bounding-set=-all,+net_admin --inh-caps=-all --ambient-caps=-all --no-new-privs \
  -- "$@"`

/**
 * A command line that runs `command` as deploy/ runs the agent: as root with CAP_NET_ADMIN and no
 * other capability, none to be gained, on a read-only root. Only /run/nodelb can be written to;
 * others see it as /proc/PID/root/run/nodelb. Needs root, and stays in the network namespace.
 *
 * The process that is started is the one that the command becomes: signals reach it.
 */
export function confined(command: readonly string[]): readonly [string, ...string[]] {
  return ['unshare', '--mount', '--propagation=private', 'sh', '-c', READ_ONLY, 'sh', ...command]
}
