const TOKEN = /\s+|#.*|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\;&|<>()])+|[;&|<>()]+|./y

/**
 * Returns the commands of a script, each as its words: what stands between the operators of the shell. A
 * redirection cuts off the name of its file, which is then a command of one word. Variables stay as they are.
 */
export function commandsOf(script: string): readonly (readonly string[])[] {
  return script
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap(commandsOfLine)
    .filter((words) => words.length > 0)
}

function commandsOfLine(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  TOKEN.lastIndex = 0
  for (let found = TOKEN.exec(line); found !== null; found = TOKEN.exec(line)) {
    const [token] = found
    if (/^[;&|<>()]/.test(token)) commands.push([])
    else if (!/^[\s#]/.test(token)) commands.at(-1)?.push(withoutQuotes(token))
  }
  return commands
}

function withoutQuotes(token: string): string {
  return token.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single, double) => single ?? double)
}
