/** Common given names of several languages, lower case. Those that are everyday words as well (Will, Mark, Rose) are left out. */
export const givenNames: ReadonlySet<string> = new Set(
  `aaliyah aaron abby abdul abdullah abel abigail abigayle adalbert adam addison adela adele adelheid adrian adriana
  agata agatha agnes agnieszka ahmad ahmed aidan aiden ailsa aino aisha akiko akira alan alana alasdair alastair albert
  alberto albin aldo alec alejandra alejandro aleksandr aleksandra aleksi alena alessandra alessandro alessia alex
  alexander alexandra alexandre alexis alfie alfonso alfred alfredo ali alice alicia alicja alina alison alistair
  allison alma alonso alphonse alvin alyssa amadou amalia amanda amber amelia amelie amina amir amit amos amy ana anabel
  anastasia anastasios anaya anders andre andrea andreas andreea andrei andrew andrzej angel angela angelica angelina
  angelique angelo angus anika anil anita anja anna annabel annalisa anne anneke anneli annelie annemarie annette annika
  anouar anouk ansel anthony antje antoine antoinette anton antonia antonina antonio anya aoife aparna archie ariana
  ariel arjun arlene armando armin arnaud arne arno arnold artem arthur artur arturo arvid arvind asger ashley ashok
  aslan asmaa astrid atsuko aubrey audrey augusto aurelie aurelien aurora ava axel ayesha aylin ayse ayumi azra babette
  bahar baptiste barbara barbora barry bartosz bashir basil beata beate beatrice beatrix beatriz becky bella ben
  benedict benedikt bengt benito benjamim benjamin benoit bent berenice berit bernadette bernard bernardo bernd bert
  bertha bertrand beth bettina betty beverly bianca bill birgit birgitta birgitte birthe bjarne bjorn blanca blanche bob
  bogdan boleslaw bonnie boris bozena bradley brandon branislav brenda brent brian bridget brigid brigitte brita britt
  britta bronwyn bruce bruno bryan bryce brynn byron cagla caio caitlin caitlyn caleb calvin cameron camila camille
  candice carina carl carla carlo carlos carlton carmela carmen carol carole carolin carolina caroline carolyn carrie
  carsta carsten casey cassandra catarina caterina cathal catherine cathy catrin cecilia cecilie cedric celeste celia
  celina celine cesar chandra chantal charles charlie charlotte chelsea chen cheryl chiara chidi chiharu chinedu chloe
  christa christian christiane christina christine christoffer christoph christopher christos christy cian ciara cillian
  cindy claes claire clara clare clarence clarice claude claudia claudine claudio clayton clelia clemens cleo clifford
  clive clyde cody colette colin colleen concetta connor conor conrad constance constantin constantinos cordula corentin
  corey corinna corinne cornelia cornelius cory courtney craig cristian cristina cristobal csilla curtis cynthia cyril
  dace dagmar dagny daisuke dalia damian damien dana daniel daniela daniele danielle danilo danny daphne daria darius
  dariusz darko darlene darren darryl daryl dave david davide dawid deanna debbie deborah debra deepak deirdre delia
  della delphine denis denise deniz dennis derek derrick derya desmond detlef devon diana diane diarmuid diego dieter
  dieudonne dilip dimitra dimitri dimitris dinesh dirk djamila doina dolores dominic dominik dominika dominique donal
  donald donatella donato donna doreen doris dorota dorothea dorothy doug douglas dragan dragana drago duarte duncan
  dustin dwayne dwight dylan ebba ebony eckhard edda edgar edgardo edit edith edmund edna eduard eduardo edward edwin
  efua egon eileen eino eirik ekaterina ekrem elaine elda eleanor elena eleonora elias elif elina elisabeth elise eliza
  elizabeth elke ella ellen ellie elliot elliott elmer elodie eloise elsa elvira emanuel emeka emi emil emilia emiliano
  emilie emilio emily emine emma emmanuel emmeline emre enrico enrique enzo eric erica erich erik erika erin erkki
  erlend ernest ernst erwin esmeralda esperanza estelle esther eszter etienne etta eugen eugene eugenia eugenio eun eva
  evan evelina eveline evelyn ewa ezra fabian fabienne fabio fabrice fabrizio fadi faisal farah farid fatih fatima fatma
  fatou faye federica federico fehmi felicia felicity felipe felix ferdinand ferenc fergus fernando filip filippa
  filippo filomena finn fiona flavia flavio fletcher flora florian franca frances francesca francesco francis francisco
  francois frank franz franziska fraser frauke fred frederic frederick frederik fredrik fredrika freya frida frieda
  friederike fritz gabriel gabriela gabriele gabrielle gaetano gail galina gareth garry garth gary gaspard gavin
  genevieve geoff geoffrey georg george georges georgina georgios gerald gerard gerardo gerd gerda gergely gerhard
  germain germaine gertrud gertrude ghassan ghislaine giacomo gianfranco gianluca gianni gilbert gilda giles gillian
  gina gino giorgia giorgio giovanni gisela gisele giselle giulia giuseppe gladys glenda glenn gloria godfrey goran
  gordana gordon gottfried graciela graham grazyna greg gregory greta grzegorz gudrun guido guilherme guillaume
  guillermo gunilla gunnar gunter gustav gustavo gwen gwendolyn gwyneth gyorgy haakon habib hadley hakan halina halvard
  hamid hamish hamza hanna hannah hanne hannelore hans harald harold harriet harry hartmut haruka haruki harvey hassan
  hatice havva heather hector hedda hedwig heidi heike heiko heiner heinz helen helena helene helga heli helmut hendrik
  henna henri henriette henrik henry henryk herbert herman hermann hermine hilary hilda hilde hillary hilma hiroko
  hiroshi hisashi holger horst hortense howard huang hubert hugh hugo hussein huw iain ian ibrahim idris ignacio igor
  ikram ildiko ilkka ilona ilse iman imke imogen imran inaki ines inga inge ingeborg ingela inger ingmar ingo ingrid
  ingunn ingvar inna ioana irena irene irina irma irving irwin isaac isabel isabella isabelle isaiah isidora isla ismael
  istvan ivan ivana ivar ivett ivo ivonne jaakko jaana jacek jack jackie jacob jacqueline jacques jacqui jadwiga jaime
  jake jakob jakub jalal jamal james jamie jan jana jane janek janet janice janina janine janne janos jared jari jarkko
  jarmila jaroslav jasmin jasmine jasna jason jasper javier jayden jean jeanette jeanne jeannette jeff jeffery jeffrey
  jelena jenna jennie jennifer jenny jens jeremy jermaine jeroen jerome jerry jesper jesse jessica jill jim jiri jitka
  joachim joan joana joanna joanne joao joaquin jobst jocelyn jochen jody joe joel joelle joerg johan johann johanne
  johannes john johnathan johnny jolanta jon jonas jonathan jonathon joost jordi jorge joris jose josef josefa josefina
  joseph josephine josephus josette josh joshua josie josip jovana joyce juan juana judith judy juergen juha julia
  julian juliana juliane julianne julie julien juliet juliette julio julius jun jurgen jussi justin justine justyna
  jutta jyoti kaarina kai kaja kalle kamil kamila kara karan karen kari karim karin karina karl karla karolin karolina
  karsten kasper katalin katariina katarina katarzyna kate katerina katherine kathi kathleen kathrin kathryn kathy katie
  katja katrin katrina katy kavita kayla kazuko kazuo keely keiko keisuke keith kelley kelly kelsey kenan kendra kenji
  kenneth kenny kent kenta kerry kerstin kevin khadija khalid kiara kieran kim kimberley kimberly kira kirk kirsi
  kirsten kirsty kitty kjell kjersti klara klas klaus koen kofi koji konrad konstantin kornelia krista kristen kristian
  kristin kristina kristine kristjan kristof krisztian krisztina krystyna krzysztof kumar kurt kwame kyle kylie ladislav
  laila lakshmi lara larissa larry lars lasse laszlo latifa latoya laura lauren laurence laurent lauri laurie lavinia
  layla lea leah leandra leandro leena leif leila lena lenka lennart lenny leo leon leona leonard leonardo leonie
  leonora leopold leroy lesley leslie lester leszek leticia lewis lia liam liana lidia lidija liesel lieselotte lieve
  lilian liliana lillian lily linda linnea linus lionel lisa lisbeth lise liza ljubica lloyd loic lois lola lorena
  lorenzo loretta lorna lorraine lothar lottie lou louis louisa louise loyd lubomir luc luca lucas lucia luciano lucie
  lucien lucija lucinda lucy ludmila ludwig luigi luis luisa luka lukas lukasz luke lutz lydia lyle lynette lynn lynne
  lyudmila mabel maciej maddie madeleine madeline magda magdalena magdalene maggie magne magnus mahesh mahmoud maia
  maike maite maja makoto malcolm malene malgorzata malik malika malin mallory mandy manfred manfredo manoj manolo manon
  manuel manuela marc marcel marcela marcello marcelo marcia marcin marco marcus mareike marek maren margaret margarete
  margaretha margarethe margarita margherita margit margot margrit maria mariam mariana marianne mariano maribel maricel
  marie marija marijke marika marilyn marin marina marinus mario marion marisa marisol marit maritza marius mariusz
  marjorie marko marleen marlene marlies marlon marsha marta marten martha martin martina martine marvin mary maryam
  marzena masako masato masha matej mateo mateusz mathias mathieu mathilde matias matilda matt matteo matthew matthias
  matti maud maura maureen maurice mauricio maurizio mauro max maxime maximilian maxine maya mechthild meera meg megan
  mehdi mehmet meike melanie melinda melissa melvin meral mercedes meredith merete merle mesut mette mhairi mia micha
  michael michaela michal micheal michel michela michele michelle michiel mick mieke miguel miguelina mihai mikael mike
  mikhail mikkel mikko milan mildred milena milica millie milorad milos mindy miranda mireille mirela miriam mirjam
  mirko miroslav misha mitchell mitsuko moana mohamed mohammad mohammed mohan mohit moira mona monica monika monique
  montserrat moritz morten moussa muhammad murat muriel mustafa myra myriam myrtle nadia nadine nancy naoki naoko naomi
  narendra natalia natalie natalija natalya natasha natasja nathalie nathan nathaniel neal neha neil nelly nenad nermin
  nevena ngozi nicholas nichole nick nico nicola nicolai nicolas nicole nicoletta nicolette nigel nihal nikhil nikita
  niklas nikola nikolai nikolaj nikolaos nikos nils nina nisha noah nobuko noel noelle noemi nolan nora norbert norma
  norman nuno obinna octavio oddvar odette odile oksana olaf olav ole oleg oleksandr olena olga oliver olivia olivier
  oliwia olli ollie olof omar ondine ondrej onur orla orlando ornella orson oscar oskar osvaldo oswald ottilie otto outi
  owen ozlem paavo pablo padma padraig pall palle pam pamela paolo parisa parvati pascal pascale pasquale patrice
  patricia patrick patrik patrizia patty paul paula paulina pauline paulo pavel pawel payton pedra pedro peggy pekka
  pelle penelope percy perla petar peter petr petra petri petronella petter phil philip philipp philippa philippe
  phillip phoebe phyllis pia pierre pierrette piet pieter pilar piotr pirjo pirkko polly pooja prakash pranav pratibha
  pravin predrag preeti preston priscilla priya przemyslaw quentin rachel radek radka radmila rafael rafaela rafal
  raffaele raffaella rahul raimund rainer raisa raj rajesh rajiv rakel ralf ralph ramesh ramon ramona ramune randall
  randolph randy ranjit raoul raphael raquel rashid rashida ravi raymond raymund rebecca reetta regina reginald regine
  reijo reiner reinhard reinhold remi remy renata renate renato rene renee renske reza rhonda ricarda ricardo riccardo
  richard ricky riikka rikard rikke rina rita ritva robbie robert roberta roberto robyn rocio roderick rodney rodolfo
  rodrigo roelof rogelio roger rohit roland rolf romain roman romana ronald ronan ronja ronnie ronny rory rosa rosalia
  rosalie rosalind rosanna rosario roseanne rosemarie rosemary rosie ross roxana roxanne roy ruben rudi rudolf rudolph
  rufus rupert ruslan russell rustam ruta ruth ryan ryszard sabina sabine sabrina sachiko sadie saeed sakari sally salma
  samantha samara sami samir samira sammy samuel sandeep sandra sandro sanjay sanna santiago santosh santtu sara sarah
  sarita sascha saskia satoshi satu saverio scott sean sebastian selena selim selma serena serge sergei sergej sergey
  sergio sergiu serhiy seth severine shane shannon shanti shari sharon shaun shauna shea sheila shelby sheldon shelley
  shelly sheri sherry shigeru shinji shirley shiv shivani shreya sidney siegfried sigrid sigurd silas silje silke
  silvana silvia silvio simon simona simone sinead sini sirkka siv sixten slavica slavko slawomir slobodan snezana sofia
  sofie sofija solveig sondra sonia sonja sophia sophie soraya soren souad spencer stacey stacy stanislav stanislaw
  stanka stanley stefan stefania stefanie stefano steffen stelian stella steph stephan stephane stephanie stephen steve
  steven stian stijn stine stoyan stuart sunil sunita suresh susan susana susann susanna susanne susie suvi suzan
  suzanne suzie svein sven svenja svetlana swati sybille sylvain sylvester sylvia sylvie sylwia szymon tabitha tadeusz
  taina takashi takeshi takuya tamar tamara tami tammy tania tanja tanya tapani tara tarek tariq tarja tarun tasha
  tatiana tatjana tatsuya tatyana teemu teodor terence teresa terese teresita tero terrance terrell terrence terri terry
  tessa tetsuya thaddeus thea thelma theo theodora theodore theresa therese thibault thierry thijs thomas thorbjorn
  thorsten tiago tiffany tiina tilda tilman tim timea timo timothy tina tipper tobias todd tom tomas tomasz tomislav
  tommaso tommy tomoko toni tony tonya torben torbjorn tori torsten torunn tove tracey traci tracy travis trent trevor
  tricia trine tristan trond troy trudy tuomas tuula tuulikki tyler tyra ugo ulf ulrich ulrika ulrike umberto unni
  ursula uschi uwe vaclav vaibhav valentina valerie valerio valery valter vanessa vanja vasco vasile vasilis vasily
  vasudha veikko veit velimir velma venla vera verena verica verner vernon veronica vesna vicente vicki vicky victor
  victoria vidar viggo vijay vikas vikram viktor vilhelm vilma vincent vincenzo vinod viola violeta virgil virginia
  virginie virpi vishal vito vittorio vivian viviana vivien vivienne vladan vladimir vlasta vojtech volker vratislav
  waldemar wallace walter walther waltraud wanda wayne wei wendell wendy werner wesley whitney wiebke wieslaw wiktor
  wilbur wilfried wilhelm wilhelmina wilko willem willi william willie willy wilma wim winifred winston wojciech
  wolfgang wolfram xander xavier xenia yann yannick yannis yasin yasmin yasuko yasushi yelena yiannis yoko yolanda yosef
  yoshiko yuki yukiko yuri yusuf yves yvette yvon yvonne zachary zainab zara zbigniew zdenek zdenka zehra zeljko zeynab
  zeynep zita zivko zlatan zoe zofia zoltan zoran zsofia zsolt zuzana zuzanna zygmunt`
    .split(/\s+/)
    .filter((name) => name !== ""),
);
