/**
 * The script of the page. It takes over what has changed on the server, and filters while one types; without it
 * the page works by its links and forms, and is loaded again by itself.
 */
export const script = `'use strict'
const connection = document.getElementById('connection')
const filter = document.getElementById('filter')
let busy = false
let due = false

/** Shows the rows that contain what is typed. */
function applyFilter() {
  const wanted = filter.value.trim().toLowerCase()
  for (const row of document.querySelectorAll('#service-rows tbody tr')) {
    const text = [...row.cells].map((cell) => cell.textContent).join(' ').toLowerCase()
    row.hidden = !text.includes(wanted)
  }
}

/** Replaces the parts that differ, and leaves alone what a person is typing in. */
function take(fresh) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id)
    if (next === null || next.outerHTML === part.outerHTML) continue
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
    const open = new Set([...part.querySelectorAll('details[open]')].map(({ id }) => id))
    part.replaceWith(next)
    for (const each of next.querySelectorAll('details')) each.open = open.has(each.id)
    if (focused !== null) next.querySelector('[href="' + CSS.escape(focused) + '"]')?.focus()
  }
  if (filter !== null) applyFilter()
}

async function refresh() {
  due = busy
  if (busy) return
  busy = true
  try {
    const answer = await fetch(location.href, { cache: 'no-store' })
    take(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    connection.classList.remove('lost')
  } catch {
    connection.classList.add('lost')
  }
  busy = false
  if (due) refresh()
}

const changes = new EventSource('events')
changes.onopen = refresh
changes.onmessage = refresh
changes.onerror = () => {
  connection.classList.add('lost')
  // A server that refuses is not asked again by the browser.
  if (changes.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 10_000)
}

if (filter !== null) {
  filter.form.classList.add('live')
  filter.form.addEventListener('submit', (event) => event.preventDefault())
  filter.addEventListener('input', applyFilter)
  applyFilter()
}
`
