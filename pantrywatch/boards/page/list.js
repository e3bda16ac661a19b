// The list of all boards, by folder.
import { searchable } from './search.js';

const root = document.querySelector('#board');
const boards = await (await fetch('/api/boards')).json();
const folders = [...new Set(boards.map(({ folder }) => folder))];

document.title = 'All boards';
root.replaceChildren(searchable('Boards', folders.map((folder) => ({
  heading: folder,
  entries: boards.filter((board) => board.folder === folder)
    .map(({ uid, title, description }) => ({ address: `/d/${uid}${window.location.search}`, name: title, sentence: description })),
}))));
