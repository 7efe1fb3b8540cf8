import type { TableFamily } from '../../../src/model/family.ts'

// What a host's other programs leave in iptables: docker, kube-proxy's kin, Calico, flannel,
// firewalld, and an administrator. In the words of iptables-restore, as far as this kernel has them.

interface Range {
  readonly pods: string
  readonly bridge: string
  readonly one: string
  readonly to: string
  readonly icmp: string
}

const RANGES: { readonly [family in TableFamily]: Range } = {
  ip: {
    pods: '10.244.0.0/16',
    bridge: '172.17.0.0/16',
    one: '172.17.0.2/32',
    to: '172.17.0.2:8080',
    icmp: 'icmp-host-prohibited',
  },
  ip6: {
    pods: 'fd00:10:244::/56',
    bridge: 'fd00:17::/64',
    one: 'fd00:17::2/128',
    to: '[fd00:17::2]:8080',
    icmp: 'icmp6-adm-prohibited',
  },
}

export function otherPrograms(family: TableFamily): string {
  const { pods, bridge, one, to, icmp } = RANGES[family]
  return `*mangle
:KUBE-IPTABLES-HINT - [0:0]
:cali-PREROUTING - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A cali-PREROUTING -m comment --comment "cali:6BJqBjBC7crtA-7-" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:CNI-HOSTPORT-DNAT - [0:0]
:DOCKER - [0:0]
:FLANNEL-POSTRTG - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s ${bridge} ! -o docker0 -j MASQUERADE
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${to}
-A FLANNEL-POSTRTG -s ${pods} -d ${pods} -m comment --comment "flanneld masq" -j RETURN
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
COMMIT
*filter
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:FORWARD_direct - [0:0]
:INPUT_ZONES - [0:0]
:nodelb-of-mine - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -j REJECT --reject-with ${icmp}
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -j FORWARD_direct
-A DOCKER -d ${one} ! -i docker0 -o docker0 -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-USER -m comment --comment "not one that goes -j NODELB-DISPATCH" -j RETURN
-A INPUT_ZONES -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
-A nodelb-of-mine -m mark --mark 0x1 -j DROP
COMMIT
`
}
