import { Marked, Renderer } from 'marked'
import { hrefOf, type Sources } from './paths.ts'

export interface Heading {
  readonly depth: number
  readonly text: string
  readonly id: string
}

export interface Rendered {
  readonly html: string
  readonly headings: readonly Heading[]
}

/** Renders a page, with links as the site has them, and the anchors of headings as GitHub makes them. */
export function rendered(sources: Sources, path: string): Rendered {
  const headings: Heading[] = []
  const uniqueId = idMaker()
  const marked = new Marked({
    walkTokens(token) {
      if (token.type === 'link' || token.type === 'image') {
        token.href = hrefOf(sources, path, token.href)
      }
    },
    renderer: {
      heading({ depth, tokens, text: marked }) {
        const text = plain(marked)
        const id = uniqueId(text)
        headings.push({ depth, text, id })
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      // What is wider than a phone scrolls by itself, also from the keyboard.
      code({ text }) {
        return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`
      },
      table(token) {
        const table = Renderer.prototype.table.call(this, token)
        return `<div class="table" tabindex="0">${table}</div>\n`
      },
      html({ text }) {
        if (/^\s*<!--[\s\S]*-->\s*$/.test(text)) return ''
        if (/^<\/?sup>$/.test(text)) return text
        throw new Error(`${path}: found ${text.trim()}, expected Markdown, comments or <sup>`)
      },
    },
  })
  const html = marked.parse(sources.pages.get(path)?.text ?? '', { async: false })
  return { html, headings }
}

interface Group {
  readonly title: string
  readonly links: readonly { readonly text: string; readonly link: string }[]
}

/** Returns the headings of a page of links, with the first link of each item below them. */
export function groupsOf(text: string): readonly Group[] {
  const sections = text.split(/^## /m).slice(1)
  return sections.map((section) => {
    const links = section.matchAll(/^- \[([^\]]+)\]\(([^)]+)\)/gm)
    return {
      title: section.slice(0, section.indexOf('\n')),
      links: Array.from(links, ([, text = '', link = '']) => ({ text, link })),
    }
  })
}

/** Returns the first heading of a page. */
export function titleOf(text: string): string {
  return plain(/^# (.+)$/m.exec(text)?.[1] ?? '')
}

/** Returns text without the marks of Markdown that headings have. */
function plain(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')
}

/** Returns what makes the anchors of a page's headings as GitHub does, which numbers those that are there twice. */
export function idMaker(): (text: string) => string {
  const seen = new Map<string, number>()
  return (text) => {
    const id = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(id) ?? 0
    seen.set(id, times + 1)
    return times === 0 ? id : `${id}-${times}`
  }
}

/** Returns text in which nothing is markup. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
