/** Changes of nodelb's tables by hand, in nft's words. */
export interface Damage {
  readonly title: string
  /** One nft transaction each. `HANDLE(chain: text)` stands for a rule of the table ip nodelb. */
  readonly commands: readonly string[]
  /** How many operations the repair takes, where that follows from the damage alone. */
  readonly operations?: number
  /** What diff has to say, among other things. */
  readonly shows: readonly string[]
}

const vip = '203.0.113.14 . tcp . 8096'
const sticky = '203.0.113.76 . udp . 5060'
const label = `${vip} comment "media/jellyfin:web load-balancer"`

const elements: readonly Damage[] = [
  {
    title: 'an endpoint deleted',
    commands: [`delete element ip nodelb endpoints { ${vip} . 3 }`],
    operations: 1,
    shows: [
      'media/jellyfin:web load-balancer\n',
      `  + element ip nodelb endpoints { ${vip} . 3 : 10.244.2.10 . 8080 }\n`,
    ],
  },
  {
    title: 'an IPv6 VIP deleted',
    commands: ['delete element ip6 nodelb services { 2001:db8:100::76 . udp . 5060 }'],
    operations: 1,
    shows: ['voip/asterisk:sip load-balancer\n  + element ip6 nodelb services {'],
  },
  {
    title: 'a range of allowed sources deleted',
    commands: ['delete element ip nodelb allowed-sources { 203.0.113.82 . tcp . 80 . 192.0.2.2 }'],
    operations: 1,
    shows: ['admin/proxmox:http load-balancer\n  + element ip nodelb allowed-sources {'],
  },
  {
    title: 'a range of pod addresses deleted',
    commands: ['delete element ip nodelb pod-ranges { 10.244.1.0/24 }'],
    operations: 1,
    shows: ['shared elements\n  + element ip nodelb pod-ranges { 10.244.1.0/24 }\n'],
  },
  {
    title: 'a hairpin element deleted',
    commands: ['delete element ip nodelb hairpin { 10.244.1.12 . 10.244.1.12 }'],
    operations: 1,
    shows: ['shared elements\n  + element ip nodelb hairpin {'],
  },
  {
    title: 'a node port deleted',
    commands: ['delete element ip6 nodelb node-ports { tcp . 30123 }'],
    operations: 1,
    shows: ['home/home-assistant:http node-port\n  + element ip6 nodelb node-ports {'],
  },
  {
    title: 'a foreign VIP added',
    commands: ['add element ip nodelb services { 203.0.113.99 . tcp . 1 }'],
    operations: 1,
    shows: ['shared elements\n  - element ip nodelb services { 203.0.113.99 . tcp . 1 }\n'],
  },
  {
    title: 'a foreign endpoint added to a VIP',
    commands: [`add element ip nodelb endpoints { ${vip} . 5 : 10.244.9.9 . 80 }`],
    operations: 1,
    shows: [`  - element ip nodelb endpoints { ${vip} . 5 : 10.244.9.9 . 80 }\n`],
  },
  {
    title: 'an interval added',
    commands: ['add element ip nodelb pod-ranges { 10.0.0.1-10.0.0.9 }'],
    operations: 1,
    shows: ['  - element ip nodelb pod-ranges { 10.0.0.1-10.0.0.9 }\n'],
  },
  {
    title: 'an element for every key added to a set',
    commands: ['add element ip nodelb services { * }'],
    operations: 1,
    shows: ['  - element ip nodelb services { * }\n'],
  },
  {
    title: 'elements for every key added to a map and to a set of ranges',
    commands: [
      'add element ip nodelb endpoints { * : 10.244.9.9 . 80 }',
      'add element ip nodelb allowed-sources { * }',
    ],
    operations: 2,
    shows: [
      '  - element ip nodelb endpoints { * }\n',
      '  - element ip nodelb allowed-sources { * }\n',
    ],
  },
  {
    title: "an endpoint's address altered",
    commands: [
      `delete element ip nodelb endpoints { ${vip} . 3 }; add element ip nodelb endpoints { ${vip} . 3 : 10.244.9.9 . 80 }`,
    ],
    operations: 2,
    shows: [
      `  - element ip nodelb endpoints { ${vip} . 3 : 10.244.9.9 . 80 }\n`,
      `  + element ip nodelb endpoints { ${vip} . 3 : 10.244.2.10 . 8080 }\n`,
    ],
  },
  {
    title: 'a comment altered',
    commands: [
      `delete element ip nodelb services { ${vip} }; add element ip nodelb services { ${vip} comment "mine" }`,
    ],
    operations: 2,
    shows: [
      `  - element ip nodelb services { ${vip} comment "mine" }\n`,
      `  + element ip nodelb services { ${label} }\n`,
    ],
  },
  {
    title: 'a set flushed',
    commands: ['flush set ip nodelb services-5'],
    operations: 2,
    shows: [`  + element ip nodelb services-5 { ${vip} }\n`],
  },
  {
    title: 'a map flushed',
    commands: ['flush map ip6 nodelb node-port-endpoints'],
    operations: 2,
    shows: ['  + element ip6 nodelb node-port-endpoints { tcp . 30123 . 1 :'],
  },
  {
    title: 'a seat emptied',
    commands: [`delete element ip nodelb seat-1 { ${sticky} }`],
    operations: 1,
    shows: [`  + element ip nodelb seat-1 { ${sticky} : 10.244.1.11 . 8080 }\n`],
  },
  {
    title: 'an address no longer sticky',
    commands: [`delete element ip nodelb sticky-services-4 { ${sticky} }`],
    operations: 1,
    shows: [`  + element ip nodelb sticky-services-4 { ${sticky} }\n`],
  },
]

const rules: readonly Damage[] = [
  {
    title: 'a chain flushed',
    commands: ['flush chain ip nodelb spread'],
    operations: 5,
    shows: [
      'rules\n',
      '  + rule ip nodelb spread ip daddr . meta l4proto . th dport @services-to-16',
    ],
  },
  {
    title: 'a rule deleted',
    commands: ['delete rule ip nodelb spread HANDLE(spread: @services-3)'],
    operations: 1,
    shows: ['  + rule ip nodelb spread ip daddr . meta l4proto . th dport @services-3'],
  },
  {
    title: 'the first and the last rule deleted',
    commands: [
      'delete rule ip nodelb spread HANDLE(spread: @sticky-services-4)',
      'delete rule ip nodelb spread HANDLE(spread: random mod 1 map)',
    ],
    operations: 2,
    shows: ['  + rule ip nodelb spread meta l4proto'],
  },
  {
    title: 'a rule replaced',
    commands: ['replace rule ip nodelb refuse HANDLE(refuse: tcp reset) drop'],
    operations: 2,
    shows: ['  - rule ip nodelb refuse handle', '  + rule ip nodelb refuse meta l4proto tcp'],
  },
  {
    title: 'a rule replaced by one that differs in a number',
    commands: [
      'replace rule ip nodelb node-port HANDLE(node-port: @masquerade) meta l4proto . th dport @masquerade-node-ports meta mark set meta mark | 0x00008000',
    ],
    operations: 2,
    shows: ['  - rule ip nodelb node-port handle', 'meta mark set meta mark | 0x00004000\n'],
  },
  {
    title: 'two rules in the wrong order',
    commands: [
      'delete rule ip nodelb service HANDLE(service: goto spread)',
      'insert rule ip nodelb service goto spread',
    ],
    operations: 2,
    shows: ['  + rule ip nodelb service goto spread\n', '  - rule ip nodelb service goto spread\n'],
  },
  {
    title: 'a foreign rule added',
    commands: ['add rule ip nodelb dispatch counter accept'],
    operations: 1,
    shows: ["not one of nodelb's: counter("],
  },
  {
    title: 'a foreign rule inserted',
    commands: ['insert rule ip6 nodelb dispatch tcp dport 22 accept'],
    operations: 1,
    shows: ['  - rule ip6 nodelb dispatch handle'],
  },
  {
    title: 'a rule of ours added a second time',
    commands: ['add rule ip nodelb nat-prerouting jump dispatch'],
    operations: 1,
    shows: ['  - rule ip nodelb nat-prerouting jump dispatch\n'],
  },
  {
    title: 'a comment added to a rule',
    commands: [
      'replace rule ip nodelb refuse HANDLE(refuse: tcp reset) meta l4proto tcp reject with tcp reset comment "mine"',
    ],
    operations: 2,
    shows: ['  - rule ip nodelb refuse handle'],
  },
]

const objects: readonly Damage[] = [
  {
    title: 'a foreign chain and set added to our table',
    commands: [
      'add set ip nodelb theirs { type ifname; flags timeout; }; add element ip nodelb theirs { "eth0" }',
      'add chain ip nodelb guests { type filter hook input priority 0; policy accept; }',
      'add rule ip nodelb guests iifname @theirs counter drop',
    ],
    operations: 3,
    shows: [
      '  - rule ip nodelb guests handle',
      '  - chain ip nodelb guests\n',
      '  - set ip nodelb theirs\n',
    ],
  },
  {
    title: 'a set deleted, after its rules',
    commands: [
      'delete rule ip nodelb untranslated HANDLE(untranslated: @no-endpoints); delete set ip nodelb no-endpoints',
    ],
    operations: 4,
    shows: [
      '  + set ip nodelb no-endpoints\n',
      '  + rule ip nodelb untranslated',
      'kube-system/kube-dns:dns cluster-ip\n  + element ip nodelb no-endpoints {',
    ],
  },
  {
    title: 'a verdict map of theirs that jumps to their chain',
    commands: [
      'add chain ip nodelb guests',
      'add map ip nodelb doors { type ipv4_addr : verdict; elements = { 192.0.2.9 : jump guests }; }',
    ],
    operations: 2,
    shows: ['  - chain ip nodelb guests\n', ' ip nodelb doors\n'],
  },
  {
    title: 'a chain deleted, after the rules that lead there',
    commands: [
      'delete rule ip nodelb before-nat-output HANDLE(before-nat-output: jump source-check)',
      'delete rule ip nodelb before-nat-prerouting HANDLE(before-nat-prerouting: jump source-check)',
      'flush chain ip nodelb source-check',
      'delete chain ip nodelb source-check',
    ],
    operations: 4,
    shows: [
      '  + chain ip nodelb source-check\n',
      '  + rule ip nodelb before-nat-output ct state new jump source-check\n',
    ],
  },
  {
    title: 'a base chain deleted',
    commands: ['delete chain ip nodelb nat-postrouting'],
    operations: 3,
    shows: [
      '  + chain ip nodelb nat-postrouting { type nat hook postrouting priority 100; policy accept; }\n',
    ],
  },
  {
    title: 'a table deleted',
    commands: ['delete table ip nodelb'],
    shows: ['  + table ip nodelb\n', `  + element ip nodelb services { ${label} }\n`],
  },
  {
    title: 'a table flushed of all rules',
    commands: ['flush table ip nodelb'],
    shows: ['  + rule ip nodelb dispatch ip daddr'],
  },
  {
    title: 'a base chain at another priority',
    commands: [
      'delete chain ip nodelb nat-postrouting',
      'add chain ip nodelb nat-postrouting { type nat hook postrouting priority 300; }',
    ],
    shows: ['  - table ip nodelb\n', '  + table ip nodelb\n'],
  },
  {
    title: 'a base chain with policy drop',
    commands: ['chain ip nodelb after-nat-output { policy drop; }'],
    shows: ['  - table ip nodelb\n', '  + table ip nodelb\n'],
  },
  {
    title: 'a set with a limit on its size',
    commands: [
      'delete rule ip nodelb untranslated HANDLE(untranslated: @no-endpoints)',
      'delete set ip nodelb no-endpoints',
      'add set ip nodelb no-endpoints { type ipv4_addr . inet_proto . inet_service; size 1; }',
    ],
    shows: ['  - table ip nodelb\n', '  + table ip nodelb\n'],
  },
  {
    title: 'a table put to sleep',
    commands: ['add table ip nodelb { flags dormant; }'],
    shows: ['  - table ip nodelb\n', '  + table ip nodelb\n'],
  },
]

export const damages: readonly Damage[] = [...elements, ...rules, ...objects]
