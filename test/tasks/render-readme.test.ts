import { describe, expect, it } from 'vitest';
import { renderTaskReadme } from '../../tasks/render-readme.ts';
import { example } from './example-spec.ts';

describe('renderTaskReadme', () => {
  it('gives the tables of a new README', () => {
    expect(renderTaskReadme(example, '')).toMatchInlineSnapshot(`
      "# count-words

      <!-- generated: summary -->
      Counts the words of a text.
      <!-- end -->

      <!-- generated: parameters -->
      ## Parameters

      | Name | Description | Default |
      | --- | --- | --- |
      | \`text\` | Text to count in | (required) |
      | \`mode\` | What counts (one of all, unique) | \`all\` |
      | \`at-most\` | Where to stop (at least 1, at most 100) | \`10\` |
      | \`ignore\` | Words to leave out (one a line) | \`a\`<br>\`the\` |
      | \`word-secret\` | Name of the Secret: who may count; may be absent | \`words\` |
      | \`ca-configmap\` | ConfigMap with authorities to trust besides the usual ones, in \\*.crt or \\*.pem; may be absent | \`trusted-ca\` |
      | \`log-format\` | How the log is written (one of text, json) | \`text\` |
      | \`log-level\` | How much the log says (one of info, debug) | \`info\` |

      ## Workspaces

      | Name | Description | Mounted at |
      | --- | --- | --- |
      | \`texts\` | A volume with texts; may be absent | \`/workspace/texts\` |
      <!-- end -->

      <!-- generated: results -->
      ## Results

      | Name | Description |
      | --- | --- |
      | \`count\` | Number of words |
      | \`words\` | All of them |
      | \`outcome\` | ok, unchanged or superseded; of a failed run \`<failure>: <first line>\` |
      <!-- end -->

      <!-- generated: permissions -->
      ## Permissions

      ServiceAccount \`llm-rollout-count-words\`, made with its Role by the YAML in this folder:

      | Resources | Verbs | Names | Namespace | Why |
      | --- | --- | --- | --- | --- |
      | \`configmaps\` | get | \`$(params.mode)-words\` | the run's | reads the list |
      | \`deployments.apps\` | patch | any | \`$(params.mode)\` | tells a reader |
      <!-- end -->
      "
    `);
  });

  it('keeps the prose around the tables', () => {
    const first = renderTaskReadme(example, '');
    const edited = `${first.replace('# count-words', '# count-words\n\nProse above.')}\nProse below.\n`;
    expect(renderTaskReadme(example, edited)).toBe(edited);
  });

  it('replaces a summary that the spec no longer gives', () => {
    const older = renderTaskReadme({ ...example, summary: 'Counts.' }, '');
    expect(renderTaskReadme(example, older)).toBe(renderTaskReadme(example, ''));
  });

  it('lets nothing of a description be read as Markdown, but for code', () => {
    const mode = { ...example.params.mode, description: 'a\\b, <owner>/**, _x_y_|z, `<a>_*` as it is' };
    const readme = renderTaskReadme({ ...example, params: { ...example.params, mode } }, '');
    expect(readme).toContain('| a\\\\b, \\<owner>/\\*\\*, \\_x_y\\_\\|z, `<a>_*` as it is (one of');
  });

  it('says which mark is gone', () => {
    expect(() => renderTaskReadme(example, '# no marks')).toThrow('generated: summary');
  });
});
