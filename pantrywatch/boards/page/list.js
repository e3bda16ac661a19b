// The list of all boards, by folder.
import { element } from './dom.js';

const root = document.querySelector('#board');
const boards = await (await fetch('/api/boards')).json();
const folders = [...new Set(boards.map(({ folder }) => folder))];

root.replaceChildren(element('main', { class: 'list' }, ...folders.map((folder) => element('section', {},
  element('h2', {}, folder),
  element('ul', {}, ...boards.filter((board) => board.folder === folder).map(({ uid, title, description }) => element('li', {},
    element('a', { href: `/d/${uid}` }, title), element('p', {}, description))))))));
