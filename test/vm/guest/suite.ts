import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, test } from 'vitest'
import { type GuestKernel, type Ran, runInGuest } from './guest.ts'

/** What vitest's JSON reporter says of a file. */
interface FileReport {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: readonly TestReport[]
}

interface TestReport {
  readonly ancestorTitles: readonly string[]
  readonly title: string
  readonly status: string
  readonly failureMessages: readonly string[] | null
}

/** Runs the test files of a folder in one guest, and declares a test here for each test there. */
export async function declareGuestTests(kernel: GuestKernel): Promise<void> {
  const { ran, files } = await runSuite(kernel, `test/vm/${kernel}/`)
  if (files.length === 0) {
    test(`the ${kernel} guest runs its tests`, () => fail(describeRun(ran)))
  }
  for (const file of files) declareFile(file)
}

function declareFile({ name, status, message, assertionResults }: FileReport): void {
  describe(relative(process.cwd(), name), () => {
    for (const report of assertionResults) declareTest(report)
    const failures = assertionResults.filter((report) => report.status === 'failed')
    if (status === 'failed' && failures.length === 0) test('can be run', () => fail(message))
  })
}

function declareTest({ ancestorTitles, title, status, failureMessages }: TestReport): void {
  const name = [...ancestorTitles, title].join(' > ')
  if (status !== 'passed' && status !== 'failed') test.skip(name, () => undefined)
  else {
    test(name, () => {
      if (status === 'failed') fail((failureMessages ?? []).join('\n'))
    })
  }
}

async function runSuite(
  kernel: GuestKernel,
  filter: string,
): Promise<{ readonly ran: Ran; readonly files: readonly FileReport[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'nodelb-guest-'))
  try {
    const report = join(folder, 'report.json')
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', filter]
    const options = ['--config=test/vm/guest/vitest.config.ts', '--reporter=json']
    const command = [process.execPath, ...vitest, ...options, `--outputFile=${report}`]
    const ran = await runInGuest(kernel, command, folder)
    const text = await readFile(report, 'utf8').catch(() => '{"testResults":[]}')
    return { ran, files: (JSON.parse(text) as { testResults: FileReport[] }).testResults }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function describeRun({ exitCode, stdout, stderr }: Ran): string {
  return `no report; status ${exitCode}\n${stdout}\n${stderr}`
}

/** The stack is the guest's, which the message has already. */
function fail(message: string): never {
  const error = new Error(message)
  error.stack = message
  throw error
}
