import { execa } from 'execa'
import { expect, test } from 'vitest'
import { SCHEDULER_FLAG } from '../../../src/ruleset/ipvs/types.ts'
import { commit, destination, id, properties, read, saved, useIpvs } from './ipvs.ts'

const sockets = useIpvs()

const web = id('10.96.0.10', 80)
const dns = id('10.96.0.11', 53, 'udp')
const web6 = id('fd00:10:96::10', 80)
const signalling = id('10.96.0.12', 3868, 'sctp')

test('servers and destinations are as ipvsadm tells them', async () => {
  const outcome = await commit(sockets(), [
    { kind: 'add-server', server: web, properties: properties() },
    { kind: 'add-destination', server: web, destination: destination('10.244.1.10', 8080, 3) },
    { kind: 'add-destination', server: web, destination: destination('10.244.1.11', 8080, 0) },
    { kind: 'add-server', server: dns, properties: properties({ scheduler: 'lc' }) },
    { kind: 'add-destination', server: dns, destination: destination('10.244.1.12', 5353) },
    { kind: 'add-server', server: web6, properties: properties({ persistence: 10800 }) },
    { kind: 'add-destination', server: web6, destination: destination('fd00:10:244::10', 8080) },
    { kind: 'add-server', server: signalling, properties: properties() },
  ])
  expect(outcome).toEqual({ done: 8, failures: [] })
  expect(await saved()).toEqual([
    '-A --sctp-service 10.96.0.12:3868 -s rr',
    '-A -t 10.96.0.10:80 -s rr',
    '-A -t [fd00:10:96::10]:80 -s rr -p 10800',
    '-A -u 10.96.0.11:53 -s lc',
    '-a -t 10.96.0.10:80 -r 10.244.1.10:8080 -m -w 3',
    '-a -t 10.96.0.10:80 -r 10.244.1.11:8080 -m -w 0',
    '-a -t [fd00:10:96::10]:80 -r [fd00:10:244::10]:8080 -m -w 1',
    '-a -u 10.96.0.11:53 -r 10.244.1.12:5353 -m -w 1',
  ])
})

test('what ipvsadm made is read as it is', async () => {
  const lines = [
    '-A -t 10.96.0.10:80 -s wrr -p 600',
    '-a -t 10.96.0.10:80 -r 10.244.1.10:8080 -m -w 7',
    '-a -t 10.96.0.10:80 -r 10.244.1.11:80 -g -w 0',
    '-A -u [fd00:10:96::10]:53 -s sh -b sh-port,sh-fallback',
    '-a -u [fd00:10:96::10]:53 -r [fd00:10:244::10]:5353 -m -w 1',
    '-A -f 7 -s rr',
  ]
  await execa('ipvsadm', ['-R'], { input: `${lines.join('\n')}\n` })
  const { servers } = await read(sockets())
  const first = destination('10.244.1.10', 8080, 7)
  const second = { ...destination('10.244.1.11', 80, 0), method: 'route' }
  expect(servers).toEqual(
    new Map([
      [
        '10.96.0.10 . tcp . 80',
        {
          ...id('10.96.0.10', 80),
          ...properties({ scheduler: 'wrr', persistence: 600 }),
          destinations: new Map([
            ['10.244.1.10 . 8080', first],
            ['10.244.1.11 . 80', second],
          ]),
        },
      ],
      [
        'fd00:10:96::10 . udp . 53',
        {
          ...id('fd00:10:96::10', 53, 'udp'),
          ...properties({
            scheduler: 'sh',
            schedulerFlags: SCHEDULER_FLAG.fallback | SCHEDULER_FLAG.port,
          }),
          destinations: new Map([['fd00:10:244::10 . 5353', destination('fd00:10:244::10', 5353)]]),
        },
      ],
    ]),
  )
})

test('flags of the schedulers are as ipvsadm tells them', async () => {
  const flags = SCHEDULER_FLAG.fallback | SCHEDULER_FLAG.port
  await commit(sockets(), [
    {
      kind: 'add-server',
      server: web,
      properties: properties({ scheduler: 'sh', schedulerFlags: flags }),
    },
    {
      kind: 'add-server',
      server: web6,
      properties: properties({ scheduler: 'mh', schedulerFlags: SCHEDULER_FLAG.port }),
    },
  ])
  expect(await saved()).toEqual([
    '-A -t 10.96.0.10:80 -s sh -b sh-fallback,sh-port',
    '-A -t [fd00:10:96::10]:80 -s mh -b mh-port',
  ])
})

test('servers and destinations change in place', async () => {
  const pod = destination('10.244.1.10', 8080)
  await commit(sockets(), [
    {
      kind: 'add-server',
      server: web,
      properties: properties({ scheduler: 'sh', schedulerFlags: 16 }),
    },
    { kind: 'add-destination', server: web, destination: pod },
  ])
  const outcome = await commit(sockets(), [
    { kind: 'edit-server', server: web, properties: properties({ persistence: 300 }) },
    { kind: 'edit-destination', server: web, destination: { ...pod, weight: 0 } },
  ])
  expect(outcome.failures).toEqual([])
  expect(await saved()).toEqual([
    '-A -t 10.96.0.10:80 -s rr -p 300',
    '-a -t 10.96.0.10:80 -r 10.244.1.10:8080 -m -w 0',
  ])
})

test('a server goes with its destinations, a destination alone', async () => {
  await commit(sockets(), [
    { kind: 'add-server', server: web, properties: properties() },
    { kind: 'add-destination', server: web, destination: destination('10.244.1.10', 8080) },
    { kind: 'add-server', server: web6, properties: properties() },
    { kind: 'add-destination', server: web6, destination: destination('fd00::1', 80) },
  ])
  await commit(sockets(), [
    { kind: 'delete-server', server: web },
    { kind: 'delete-destination', server: web6, destination: destination('fd00::1', 80) },
  ])
  expect(await saved()).toEqual(['-A -t [fd00:10:96::10]:80 -s rr'])
})

test('timeouts are set and read; zero leaves one as it is', async () => {
  const before = (await read(sockets())).timeouts
  await commit(sockets(), [{ kind: 'set-timeouts', timeouts: { tcp: 1200, tcpFin: 0, udp: 45 } }])
  const { stdout } = await execa('ipvsadm', ['-L', '--timeout'])
  expect(stdout).toBe(`Timeout (tcp tcpfin udp): 1200 ${before?.tcpFin} 45`)
  expect((await read(sockets())).timeouts).toEqual({ tcp: 1200, tcpFin: before?.tcpFin, udp: 45 })
})
