import { inBothLanguages } from '../../words/language.ts'

export const missingWords = inBothLanguages({
  en: { title: 'No such page', explained: 'There is nothing at this address.', home: 'To the beginning' },
  zh: { title: '没有此页面', explained: '此地址没有内容。', home: '回到首页' },
})
