/** What `$(…)` may name where a text is substituted: `params.model`, `tasks.stage-model.results.prefix`, `context.taskRun.name`. */
export type Variables = ReadonlyMap<string, string>;

/** A variable that has no value: of a param a mistake in the YAML, of a result a reason to skip a task. */
export class MissingVariable extends Error {
  override readonly name = 'MissingVariable';
  readonly variable: string;

  constructor(variable: string, text: string) {
    super(`nothing gives $(${variable}) in ${JSON.stringify(text)}`);
    this.variable = variable;
  }
}

/** Replaces every `$(name)`; values are not looked at again, as in Tekton. */
export function substitute(text: string, variables: Variables): string {
  return text.replace(/\$\(([A-Za-z][\w.-]*)\)/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new MissingVariable(name, text);
    return value;
  });
}

/** The variables that a text names, whole lists among them. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\(([A-Za-z][\w.-]*)(?:\[\*\])?\)/g)].map((match) => match[1] ?? '');
}
