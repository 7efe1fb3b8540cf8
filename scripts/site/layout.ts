import { escaped, groupsOf, type Heading, type Rendered, titleOf } from './markdown.ts'
import { hrefOf, type Sources, targetOf, wayTo } from './paths.ts'

/** The page whose links are the navigation. */
const CONTENTS = 'docs/README.md'

/** Returns a page of the site. It needs no script, and nothing from elsewhere. */
export function layout(sources: Sources, path: string, { html, headings }: Rendered): string {
  const { text = '', source = '' } = sources.pages.get(path) ?? {}
  const title = titleOf(text)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title === 'nodelb' ? title : `${title} · nodelb`)}</title>
<link rel="stylesheet" href="${wayTo(path, 'style.css')}">
<link rel="icon" href="${wayTo(path, 'icon.svg')}">
</head>
<body>
<header>
<a class="skip" href="#main">Skip to the text</a>
<a class="name" href="${wayTo(path, 'index.html')}">nodelb</a>
</header>
<nav aria-label="Pages" tabindex="0">
<details>
<summary>All pages</summary>
${navigation(sources, path, headings)}</details>
</nav>
<main id="main">
${html}</main>
<footer>Made from <a href="${escaped(sources.tree + source)}">${escaped(source)}</a>.</footer>
</body>
</html>
`
}

function navigation(sources: Sources, path: string, headings: readonly Heading[]): string {
  const contents = sources.pages.get(CONTENTS)?.text ?? ''
  const groups = groupsOf(contents).map(({ title, links }) => {
    const items = links.map(({ text, link }) => {
      const target = targetOf(CONTENTS, link)
      const href = escaped(hrefOf(sources, path, wayTo(path, target)))
      if (target !== path) return `<li><a href="${href}">${escaped(text)}</a></li>\n`
      const sections = sectionsOf(headings)
      return `<li><a href="${href}" aria-current="page">${escaped(text)}</a>${sections}</li>\n`
    })
    return `<p>${escaped(title)}</p>\n<ul>\n${items.join('')}</ul>\n`
  })
  return groups.join('')
}

/** The sections of the page that is read. */
function sectionsOf(headings: readonly Heading[]): string {
  const items = headings
    .filter(({ depth }) => depth === 2)
    .map(({ text, id }) => `<li><a href="#${id}">${escaped(text)}</a></li>\n`)
  return items.length === 0 ? '' : `\n<ul>\n${items.join('')}</ul>\n`
}
