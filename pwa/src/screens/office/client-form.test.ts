import { describe, expect, test } from 'vitest';
import { differences, fromForm, headcountOf, toForm } from './client-form';

const CLIENT = {
  name: 'Brandt Machining',
  address: 'Gewerbering 4',
  representative: 'Maria Brandt',
  email: 'maria@brandt.example',
  scope: 'Turned and milled parts',
  sites: [{ name: 'Main works', address: 'Gewerbering 4', headcount: 48, shifts: ['early', 'night'] }],
};

describe('the form of a client', () => {
  test('gives back what it was filled with', () => {
    expect(fromForm(toForm(CLIENT))).toEqual(CLIENT);
  });

  test('leaves out a site without a name, and a headcount that is none', () => {
    const form = toForm(CLIENT);
    form.sites.push({ name: ' ', address: 'x', headcount: '', shifts: '' });
    form.sites[0]!.headcount = 'about fifty';
    expect(fromForm(form).sites).toEqual([{ ...CLIENT.sites[0], headcount: null }]);
    expect(headcountOf('1 200')).toBe(1200);
  });

  test('names the fields that two people left different', () => {
    const mine = toForm(CLIENT);
    mine.scope = 'Turned parts';
    mine.sites[0]!.headcount = '50';
    expect(differences(toForm(CLIENT), mine).map(({ field }) => field)).toEqual(['scope', 'sites']);
    expect(differences(toForm(CLIENT), toForm(CLIENT))).toEqual([]);
  });
});
