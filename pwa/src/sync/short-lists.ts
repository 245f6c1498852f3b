/** Batches and pages in the short form (domain/short-form.ts), in which a list takes three fifths of the bytes. */
import { digestOf, digestOfErased } from '../domain/operation';
import { lengthen, shorten } from '../domain/short-form';
import type { Schemas } from '../domain/vocabulary';
import type { WholePage } from '../store/pulled';

type Sent = Schemas['Push']['operations'][number];
export type Batch = Pick<Schemas['Push'], 'form' | 'operations'>;

/** A batch as it travels; whole where it cannot be said shorter. */
export function shortBatch(operations: readonly Sent[], digests: readonly string[]): Batch {
  const short = shorten(operations.map(textOf), digests);
  if (short === null) return { form: 'whole', operations: [...operations] };
  return { form: 'short', operations: operations.map((sent, at) => withText(sent, short[at]!)) };
}

/** The same batch as it was made; null where it names what is not there. */
export function wholeBatch({ form, operations }: Batch): readonly Sent[] | null {
  if (form !== 'short') return operations;
  const whole = lengthen(operations.map(textOf), (at, text) => {
    const sent = operations[at]!;
    return typeof sent === 'string' ? digestOf(text) : digestOfErased(text, sent.content_sha256);
  });
  return whole && operations.map((sent, at) => withText(sent, whole[at]!));
}

/** A page with the texts as they were made; null where it names what is not there. */
export function wholePage(page: Schemas['PullPage']): WholePage | null {
  if (page.form !== 'short') return page;
  const entries = page.operations;
  const whole = lengthen(
    entries.map(({ data }) => data ?? ''),
    (at, text) => {
      const { data, digest, content_sha256 } = entries[at]!;
      if (data === undefined) return digest ?? '';
      return content_sha256 === undefined ? digestOf(text) : digestOfErased(text, content_sha256);
    },
  );
  if (whole === null) return null;
  const operations = entries.map((entry, at) => (entry.data === undefined ? entry : { ...entry, data: whole[at]! }));
  return { ...page, operations };
}

function textOf(sent: Sent): string {
  return typeof sent === 'string' ? sent : sent.header;
}

function withText(sent: Sent, text: string): Sent {
  return typeof sent === 'string' ? text : { ...sent, header: text };
}
