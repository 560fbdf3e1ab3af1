/** Common given names of several languages, lower case. Those that are everyday words as well count in company only. */
export const givenNames: ReadonlySet<string> = new Set(
  `aaron abdul abdullah abigail adam adele adrian agnes agnieszka ahmed aisha akira alan albert alberto alejandro aleksandr
  alessandro alex alexander alexandra alfred ali alice alicia alina alison allison amanda amber amelia amina amir amy ana
  anastasia anders andrea andreas andrei andrew andrzej angel angela anita anja anna anne annette annika anthony anton
  antonio anya ariana arjun arthur astrid audrey aylin ayse barbara beatrice ben benjamin bernard bernd beth bianca bill
  birgit bjorn bob boris brandon brenda brian brigitte bruce bruno bryan camille carl carla carlos carmen carol carolina
  caroline catherine cecilia celine charles charlotte chen chloe christian christina christine christoph christopher
  claire clara claude claudia clemens colin connor craig cristina cynthia dagmar dana daniel daniela david dawid deborah
  denis dennis diana diego dieter dimitri dirk dominik donald donna dorothy douglas dylan edith eduardo edward eileen
  elena eleanor elias elif elisabeth elizabeth ella ellen elsa emil emily emma eric erica erik erika ernest esther eva
  evelyn fabian fatima federico felix fernando finn florian frances francesca francesco francis francisco francois frank
  franz fred frederick fredrik fritz gabriel gabriela gary georg george gerald gerhard giorgio giovanni giulia giuseppe
  gloria gordon greg gregory greta guillaume gunnar gustav hanna hannah hans harald harold harry hassan heather heidi
  heinz helen helena helga henrik henry herbert hiroshi holger howard hugo ian ibrahim ines ingrid irena irene irina isabel
  isabella ivan jack jacob jacqueline jakob jakub james jamie jan jana jane janet janice jason javier jean jeff jeffrey
  jennifer jens jeremy jerry jesse jessica jill jim joan joanna joao joe joel joerg johan johann johannes john johnny
  jonas jonathan jorge jose josef joseph joshua joyce juan judith judy julia julian julie juliette jun jurgen justin karen
  karin karl karolina katarina katarzyna kate katherine kathleen kathryn katja katrin keith keiko kelly kenji kenneth
  kevin kim kirsten klaus kristen kristina kurt kyle lars laszlo laura lauren laurent lea lena leo leon leonard leonardo
  leonie leslie liam lily linda lisa lorenzo louis louise luca lucas lucia lucy luis luisa lukas maciej magda magdalena
  magnus manfred manuel marc marco marcus margaret margarita margit maria mariam marie marina mario marion marta martha
  martin martina mary masha mateo mateusz mathieu mathilde matteo matthew matthias maurice max maximilian megan mehmet
  melanie melissa mia michael michal michel michele michelle miguel mikael mike mikhail milan mohamed mohammed monica
  monika morten muhammad nadia nadine nancy natalia natalie nathan nicholas nick nicola nicolas nicole niklas nikolai nils
  nina noah nora norbert oliver olga olivia olivier omar oscar oskar otto pablo pamela paolo pascal patricia patrick paul
  paula pauline pavel pedro peter petra philip philipp philippe pia pierre piotr priya rachel rafael rainer raj ralph
  ramon raymond rebecca regina renate rene ricardo richard robert roberto roger roland rolf roman ronald rosa rosemary
  roxanne ruth ryan sabine sally salma samantha samir samuel sandra sara sarah sascha sean sebastian sergei sergio sharon
  shirley silke silvia simon simone sofia sonia sophia sophie stefan stefanie stella stephan stephanie stephen steve
  steven stuart sunita susan susanne suzanne sven svetlana sylvia takashi tamara tanja tanya tara tatiana teresa thea
  theo theodore theresa thomas thorsten tim timothy tina tobias todd tom tomas tomasz tony tyler ulrich ulrike ursula uwe
  valentina valerie vanessa vera veronica victor victoria viktor vincent virginia vladimir volker walter wanda wayne wei
  wendy werner wilhelm william wolfgang xavier yasmin yuki yusuf yves yvonne zachary zeynep zoe zofia`
    .split(/\s+/)
    .filter((name) => name !== ""),
);
