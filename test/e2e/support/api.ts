import { Agent, request } from 'node:https'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server says, for tests to look at
  readonly body: any
}

/** Where an API server is and as whom it is spoken to. */
export interface Endpoint {
  readonly port: number
  /** PEM */
  readonly ca: string
  readonly token: string
}

/** A hand that writes objects, as kubectl would. PATCH is a merge patch. */
export class Api {
  readonly #endpoint: Endpoint
  readonly #agent: Agent

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
    this.#agent = new Agent({ keepAlive: true, maxSockets: 20, ca: endpoint.ca })
  }

  /** The object in the answer; throws when the server refuses. */
  async call(method: Method, path: string, body?: unknown): Promise<Reply['body']> {
    const reply = await this.ask(method, path, body)
    if (reply.status < 300) return reply.body
    throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  }

  /** Any answer; throws when there is none. */
  ask(method: Method, path: string, body?: unknown): Promise<Reply> {
    const { port, token } = this.#endpoint
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const headers = { authorization: `Bearer ${token}`, 'content-type': type }
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, method, path, headers, agent: this.#agent }
      const outgoing = request(options, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const json = answer.headers['content-type']?.startsWith('application/json')
          resolve({
            status: answer.statusCode ?? 0,
            body: json && text !== '' ? JSON.parse(text) : text,
          })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** Creates all objects, 20 at a time. */
  async create(path: string, objects: readonly unknown[]): Promise<void> {
    const waiting = objects.values()
    const work = async () => {
      for (const object of waiting) await this.call('POST', path, object)
    }
    await Promise.all(Array.from({ length: 20 }, work))
  }

  close(): void {
    this.#agent.destroy()
  }
}
