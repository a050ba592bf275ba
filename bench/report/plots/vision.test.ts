import t from 'tap';
import { seen, seenColor, VISIONS } from './vision.ts';

t.test('what has no colour looks the same to all', async (t) => {
  for (const [name, vision] of Object.entries(VISIONS)) {
    for (const grey of ['#000000', '#777777', '#ffffff']) t.equal(seenColor(grey, vision), grey, name);
  }
});

t.test('a colour, by each vision', async (t) => {
  // By hand from the matrices, through sRGB's curve: 0.152 of the light of red is 109 of 255, 0.2126 is 127.
  const red: Readonly<Record<string, string>> = {
    protanopia: '#6d5f00',
    deuteranopia: '#a39000',
    tritanopia: '#ff000f',
    'black-and-white': '#7f7f7f',
  };
  for (const [name, vision] of Object.entries(VISIONS)) {
    t.equal(seenColor('#FF0000', vision), red[name], name);
    t.equal(
      seen('<a fill="#FF0000" href="#abc"/><b fill="white"/>', vision),
      `<a fill="${red[name]}" href="#abc"/><b fill="white"/>`,
      'an SVG keeps all but its colours',
    );
  }
});
