import { expect, test } from 'vitest';
import { isOver } from './leave-words';

const twoDays = { isReported: false, startsOn: '2026-11-23', endsOn: '2026-11-24' };

test('on the days of the audit, somebody is on the site', () => {
  expect(isOver(twoDays, '2026-11-22')).toBe(false);
  expect(isOver(twoDays, '2026-11-24')).toBe(false);
  expect(isOver({ ...twoDays, endsOn: null }, '2026-11-23')).toBe(false);
});

test('nobody leaves the site of an audit whose days are past', () => {
  expect(isOver(twoDays, '2026-11-25')).toBe(true);
  expect(isOver({ ...twoDays, endsOn: null }, '2026-11-24')).toBe(true);
});

test('nobody leaves the site of an audit whose report is sealed', () => {
  expect(isOver({ ...twoDays, isReported: true }, '2026-11-24')).toBe(true);
});

test('an audit without days is not over', () => {
  expect(isOver({ isReported: false, startsOn: null, endsOn: null }, '2026-11-25')).toBe(false);
});
