import type { Decision } from '../allocate/decide.ts'
import { eventRetry, Waits } from '../model/retry.ts'
import { EventQueue, type EventSink } from '../telemetry/event-queue.ts'
import { jsonLogger, type LogLevel, standardOutput } from '../telemetry/json-log.ts'
import type { ControllerListener } from './controller.ts'
import { changeEvent, contestedEvent, poolEvent, type Reporting } from './events.ts'
import { type ControllerMetrics, controllerMetrics } from './metrics.ts'
import { type ControllerNews, logNews } from './news.ts'
import { onceUntilGone } from './once-until-gone.ts'
import { PoolEvents } from './pool-events.ts'

interface TellingOptions {
  readonly level: LogLevel
  readonly events: EventSink
  readonly reporting: Reporting
  /** Returns from which percentage on a pool is nearly full. */
  readonly nearlyFull: () => number
}

/** Everything by which a controller reports what it does: log, metrics and Events. */
interface Telling {
  readonly tell: (news: ControllerNews) => void
  readonly listener: ControllerListener
  readonly metrics: ControllerMetrics
  close(): void
}

/** Opens log, metrics and Events. */
export function startTelling(options: TellingOptions): Telling {
  const { level, events: sink, reporting } = options
  const log = jsonLogger(level, standardOutput())
  const metrics = controllerMetrics()
  const tell = (news: ControllerNews): void => logNews(log, news)
  const events = eventQueue(sink, tell)
  const pools = new PoolEvents((news) => {
    const found = reporting.pool(news.pool, news.namespace)
    if (found !== undefined) events.add(poolEvent(news, found, reporting.instance, new Date()))
  })
  let source: Decision['source'] = 'pools'
  const tellProblems = onceUntilGone<Decision['problems'][number]>(
    ({ object, message }) => `${object} ${message}`,
    ({ object, message }) => tell({ event: 'allocation-problem', object, message }),
  )
  const listener: ControllerListener = {
    tell(news) {
      if (news.event === 'status-not-written') metrics.wrote(false)
      tell(news)
    },
    decided(decision, ms) {
      source = decision.source
      metrics.decided(decision, ms)
      tellProblems(decision.problems)
    },
    leading: (decision) => pools.decided(decision, options.nearlyFull()),
    read: (object, problems) => pools.read(object, problems),
    changed(change) {
      metrics.wrote(true)
      const { service, wanted } = change
      const { addresses, message } = wanted
      tell({ event: 'status-written', service, addresses, reason: message })
      events.add(changeEvent(change, source, reporting, new Date()))
    },
    contested(service, managers) {
      events.add(contestedEvent(service, managers, reporting, new Date()))
    },
  }
  return { tell, listener, metrics, close: () => events.close() }
}

function eventQueue(sink: EventSink, tell: Telling['tell']): EventQueue {
  return new EventQueue({
    sink,
    waits: new Waits(eventRetry),
    onOutcome: () => undefined,
    onTrouble: (reason) => {
      if (reason !== undefined) tell({ event: 'events-failed', reason })
    },
  })
}
