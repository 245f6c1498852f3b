/** What stands in the way of a seal, as a sentence for the reader and the place where it is mended. */
import type { Refusal } from '../../../domain/refusal';
import { formatList, say, t } from '../../../i18n';
import { href } from '../../../routes';
import { whatWords } from '../disputes/dispute-words';
import type { OpenAudit } from '../open-audit.svelte';

export interface WayOut {
  readonly sentence: string;
  /** A screen, or the id of a section of this page. */
  readonly href?: string;
  readonly anchor?: string;
}

/** `nameOfStandard` turns "iso9001-2015" into what people call it. */
export function wayOut({ code, facts }: Refusal, audit: OpenAudit, nameOfStandard: (id: string) => string): WayOut {
  const { id } = audit;
  const finding = String(facts['finding'] ?? '');
  switch (code) {
    case 'closing.nonconformity_incomplete': {
      const parts = String(facts['missing'] ?? '').split(', ');
      const missing = formatList(parts.map((part) => say('closing.lacks', part)));
      return { sentence: say('refusal', code, { ...facts, missing }), href: href('audit_finding', { id, finding }) };
    }
    case 'closing.grade_missing':
      return { sentence: say('refusal', code, facts), href: href('audit_finding', { id, finding }) };
    case 'closing.conflict_open':
    case 'report.conflict_open': {
      const field = String(facts['field']);
      const what = `${whatWords(audit, String(facts['entity']))}, ${say('closing.field', field, {}, field)}`;
      return { sentence: say('refusal', code, { what }), href: href('audit_disputes', { id }) };
    }
    case 'closing.recommendation_missing': {
      const standard = nameOfStandard(String(facts['standard']));
      return { sentence: say('refusal', code, { standard }), anchor: 'recommendation' };
    }
    case 'closing.recommendation_outdated': {
      const standard = nameOfStandard(String(facts['standard']));
      const numbers = String(facts['findings']).split(', ').filter(Boolean);
      const params = { standard, numbers: formatList(numbers), count: numbers.length };
      const sentence =
        numbers.length > 0
          ? t('closing.recommendation_again', params)
          : t('closing.recommendation_again_deleted', { standard });
      return { sentence, anchor: 'recommendation' };
    }
    case 'closing.signature_missing': {
      const party = say('closing.party', String(facts['party']));
      return { sentence: t('closing.word_missing', { party }), anchor: 'sign' };
    }
    case 'closing.record_outdated':
      return { sentence: say('refusal', code, facts), anchor: 'record' };
    default:
      return { sentence: say('refusal', code, facts) };
  }
}
