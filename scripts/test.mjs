// Everything that must hold, in one command. Ends with "N passed, N failed" on a line of its own.
// Arguments go to vitest: `npm test -- --project kernel`. Without any, all but the tests with packets, those
// that need an API server, and those that take long, are run: `npm run test:packets`, `npm run test:e2e`,
// `npm run test:bgp`, `npm run test:crds`, `npm run test:long`, `npm run test:page` and `npm run test:ipvs` do
// that. Then the goldens are run once more, on the Node.js of the image.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const totals = { passed: 0, failed: 0, skipped: 0 }

// Not a pretest script: .npmrc has ignore-scripts, with which npm skips those.
setUp()
check('biome', ['ci', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.'])
check('tsc', ['-b'])
const [, , ...given] = process.argv
const usual = ['unit', 'golden', 'kernel', 'vm'].map((name) => `--project=${name}`)
// How much of src they reach is asked of all of them together: vitest.config.ts says how much it has to be.
test(given.length > 0 ? given : [...usual, '--coverage'])
if (given.length === 0) goldenOnImageNode()

const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`
console.log(`\n${totals.passed} passed, ${totals.failed} failed${skipped}`)
process.exitCode = totals.failed === 0 ? 0 : 1

function setUp() {
  const { status } = spawnSync('bash', [join(root, 'scripts', 'setup.sh'), 'tests'], {
    stdio: 'inherit',
  })
  if (status === 0) return
  console.log('\n0 passed, 1 failed')
  process.exit(1)
}

/** Style and types count as one test each. */
function check(tool, args) {
  console.log(`\n> ${[tool, ...args].join(' ')}`)
  totals[run(tool, args) === 0 ? 'passed' : 'failed']++
}

/** The image has a newer Node.js than most machines: what is printed and rendered there has to be the same. */
function goldenOnImageNode() {
  if (process.arch !== 'x64') {
    console.log(`\nskipped: golden on the Node.js of the image: not for ${process.arch}`)
    totals.skipped++
    return
  }
  const script = join(root, 'scripts', 'image-node.sh')
  const stdio = ['ignore', 'pipe', 'inherit']
  const { status, stdout } = spawnSync('bash', [script], { stdio, encoding: 'utf8' })
  if (status !== 0) {
    console.log(
      '\nfailed: golden on the Node.js of the image: scripts/image-node.sh could not fetch it',
    )
    totals.failed++
    return
  }
  console.log(`\n> with ${basename(stdout.trim())}, the Node.js of the image:`)
  test(['--project=golden'], {
    PATH: `${join(stdout.trim(), 'bin')}${delimiter}${process.env.PATH}`,
  })
}

function test(args, env = {}) {
  console.log(`\n> ${['vitest run', ...args].join(' ')}`)
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-test-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = run('vitest', ['run', ...reporters, ...args], env)
  const counts = read(report)
  rmSync(folder, { recursive: true })
  for (const line of failures(counts)) console.log(line)
  totals.passed += counts.numPassedTests
  totals.skipped += counts.numPendingTests + counts.numTodoTests
  // A file that cannot be loaded, or an error between tests, fails without a failed test.
  totals.failed += status === 0 ? 0 : Math.max(1, counts.numFailedTests)
}

/** What failed, in lines that `.ci/run` repeats at its end. */
function failures({ testResults = [] }) {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = name.replace(root, '')
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0 && message) return [`failed: ${file}: ${firstLine(message)}`]
    return failed.map((each) => {
      return `failed: ${file}: ${each.fullName}: ${reason(each.failureMessages.join(' '))}`
    })
  })
}

/** With the seed and the counterexample of a property, so that it can be tried again. */
function reason(text) {
  const found = [/^\{ seed: .*\}/m, /^Counterexample: .*/m].map(
    (part) => part.exec(text)?.[0] ?? '',
  )
  return [firstLine(text), ...found.map((line) => line.slice(0, 300))].filter(Boolean).join(' ')
}

function firstLine(text) {
  return text.split('\n')[0].slice(0, 300)
}

function run(tool, args, env = {}) {
  const { status } = spawnSync(join(root, 'node_modules', '.bin', tool), args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  return status
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 }
  }
}
