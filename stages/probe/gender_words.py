"""English words of one gender, and what decides which pronoun stands for ``her`` and ``his``."""

# Men's words and women's. No pair begins with a vowel on one side only where an article could stand before it.
NOUNS = {
    "man": "woman", "men": "women", "boy": "girl", "boys": "girls", "gentleman": "lady", "gentlemen": "ladies",
    "husband": "wife", "husbands": "wives", "father": "mother", "fathers": "mothers", "dad": "mom", "dads": "moms",
    "daddy": "mommy", "daddies": "mommies", "son": "daughter", "sons": "daughters", "brother": "sister",
    "brothers": "sisters", "uncle": "aunt", "uncles": "aunts", "nephew": "niece", "nephews": "nieces",
    "grandfather": "grandmother", "grandfathers": "grandmothers", "grandpa": "grandma", "grandpas": "grandmas",
    "granddad": "granny", "granddads": "grannies", "grandson": "granddaughter", "grandsons": "granddaughters",
    "stepfather": "stepmother", "stepfathers": "stepmothers", "stepson": "stepdaughter", "stepsons": "stepdaughters",
    "stepbrother": "stepsister", "stepbrothers": "stepsisters", "godfather": "godmother", "godson": "goddaughter",
    "boyfriend": "girlfriend", "boyfriends": "girlfriends", "groom": "bride", "grooms": "brides",
    "widower": "widow", "widowers": "widows", "male": "female", "males": "females", "actor": "actress",
    "actors": "actresses", "waiter": "waitress", "waiters": "waitresses", "host": "hostess", "hosts": "hostesses",
    "hero": "heroine", "heroes": "heroines", "heir": "heiress", "heirs": "heiresses", "emperor": "empress",
    "prince": "princess", "princes": "princesses", "king": "queen", "kings": "queens", "duke": "duchess",
    "steward": "stewardess", "stewards": "stewardesses", "monk": "nun", "monks": "nuns", "lad": "lass",
    "policeman": "policewoman", "policemen": "policewomen", "fireman": "firewoman", "businessman": "businesswoman",
    "businessmen": "businesswomen", "chairman": "chairwoman", "spokesman": "spokeswoman", "salesman": "saleswoman",
    "salesmen": "saleswomen", "congressman": "congresswoman", "congressmen": "congresswomen",
    "cameraman": "camerawoman",
    "fatherhood": "motherhood", "manhood": "womanhood", "boyhood": "girlhood", "brotherhood": "sisterhood",
    "masculine": "feminine", "fatherly": "motherly", "manly": "womanly", "boyish": "girlish", "sir": "madam",
}  # fmt: skip
ONE_WAY = {"mum": "dad", "mums": "dads", "mummy": "daddy", "guy": "woman", "guys": "women", "bachelor": "bachelorette"}
TITLES = {"mr": "ms", "mrs": "mr", "ms": "mr", "miss": "mr"}
PRONOUNS = {"he": "she", "she": "he", "himself": "herself", "herself": "himself", "him": "her", "hers": "his"}
# A noun with a capital inside a sentence is a name (Stephen King, Warner Brothers), unless a name follows it.
AS_TITLES = {"king", "queen", "prince", "princess", "uncle", "aunt", "lady", "duke", "duchess", "emperor", "empress",
             "sister", "brother", "father", "mother", "grandpa", "grandma"}  # fmt: skip
# Compounds in which the word is of no gender: men at work, mother tongue.
FIXED_NEXT = {"mother": {"tongue", "nature", "board", "lode"}, "father": {"figure", "christmas"},
              "king": {"size", "crab"}, "queen": {"bee"},
              "host": {"country", "nation", "city", "of"}, "hosts": {"the", "a"}}  # fmt: skip
FIXED_BEFORE = {"man": {"isle", "of"}, "men": {"x"}}
IN_LAW = ("-in-law", "-to-be")  # what may follow a noun by a hyphen
BEFORE_HYPHEN = {"ex", "half", "great", "step", "co", "anti", "non", "all", "pro"}


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# After these, "her" is the object and "his" stands alone, whatever follows.
CLOSERS = _words("""
    the a an this that these those some any no each every either neither both enough another such i me my mine
    you your yours he him his she her hers it its we us our ours they them their theirs who whom whose which
    what whoever whatever about above across after against along among around as at because before behind below
    beneath beside besides between beyond by concerning despite during except for from in into near of off on
    onto out over since through throughout till to toward towards under underneath until unto up upon versus via
    with within without and but or nor so yet if unless though although while whilst whereas whether when
    whenever where wherever why how however than then am is are was were be been being do does did has have had
    would shall should can cannot could may must might ought n't not never again also always often sometimes
    soon now here there today tomorrow yesterday tonight ago almost perhaps maybe instead away apart aside
    together too ever just even once twice anyway everywhere anywhere somewhere forever already later down
""")
# Words of that list, and adverbs, after which a noun phrase may still go on: "her then husband", "her very first book".
ADVERBS = _words("""
    very most more less then now once ever just always never almost too so equally quite rather well
""")
OPENERS = _words("""
    own other many few several first second third last next only whole entire two three four five six seven
    eight nine ten dozen little former late best worst latest
""")
TIMES = _words("""
    week month year night summer winter spring autumn fall monday tuesday wednesday thursday friday saturday
    sunday weekend time morning evening afternoon christmas century
""")
PREPOSITIONS = _words("""
    of in on at by for with from to into about after before behind under over near through against like between
    without within upon during towards toward around beside besides
""")
BARE_VERB = _words("""
    make makes made making let lets letting help helps helped helping see sees saw seen seeing hear hears heard
    hearing watch watches watched watching feel feels felt have had bid
""")
SURELY_BARE = _words("""
    make makes made making let lets letting bid
""")
WITH_ING = _words("""
    see sees saw seen hear hears heard watch watches watched watching find finds found catch caught keep keeps
    kept leave leaves left notice noticed spot spotted picture imagine imagined remember remembered stop stopped
    get got set sent
""")
TO_SOMEONE = _words("""
    give gives gave given giving tell tells told telling send sends sent sending offer offers offered show shows
    showed shown teach teaches taught teaching buy buys bought buying bring brings brought lend lent hand handed
    pay pays paid ask asks asked owe owes owed promise promised grant granted deny denied call calls called cost
    costs serve served feed fed read reads wish wished write wrote cook cooked earn earned save saved spare
    spared win won bake baked pass passed
""")
WITH_ADJECTIVE = _words("""
    make makes made making keep keeps kept leave leaves left find finds found drive drives drove driven consider
    considers considered think thinks thought call calls called get got set turn turned declare declared believe
    believed want wanted render rendered
""")
NAMING = _words("""
    call calls called name named crown crowned elect elected appoint appointed
""")
TO_A_PLACE = _words("""
    drive drives drove driven take takes took taken walk walks walked bring brings brought send sends sent see
    sees saw follow follows followed carry carries carried fly flew invite invited call called escort escorted
    accompany accompanied help helped get got let want wanted
""")
TO_BACK = _words("""
    call calls called bring brings brought send sends sent take takes took taken win won want wants wanted get
    got pay paid write wrote text texted ring rang put welcome welcomed love loved hold held let push pushed
    invite invited hit kiss kissed phone phoned ask asked drive drove
""")
# What one is told or asked, and whom one gives to: "told her stories", but "told her parents".
TOLD = _words("""
    stories lies jokes secrets questions things tales facts details news
""")
PEOPLE = _words("""
    parents friends children kids sons daughters brothers sisters students neighbours neighbors relatives
    readers fans clients colleagues teachers guests followers employees babies cousins pupils
""")
# behind an adjective or a verb, though they can be nouns
NO_NOUN = _words("""
    home overnight enough well
""")
# Things without a number: after a verb of giving they need no possessive.
MASS = _words("""
    money advice help hope permission credit food water coffee tea bread information courage strength trouble
    work support confidence joy pleasure chocolate medicine time respect comfort attention lunch dinner
    breakfast english french german spanish latin chess maths math physics history music piano happiness luck
    wine beer milk cash space access evidence directions
""")
BARE_VERBS = _words("""
    go come leave stay wait cry laugh smile dance sleep play work drive walk run talk speak sing swim win feel
    look think eat drink read write study move know understand see hear believe forget remember choose decide
    pay finish start stop try do be have get take give make keep sit stand lie fall rise grow shine suffer live
    die return travel cook drown pass escape relax rest fight change realise realize become sound seem appear
    blush shiver shudder tremble whisper shout scream sneeze cough carry buy sell open close pack clean fix find
    climb join enter succeed settle paint repair
""")
NUMBERS = _words("one two three four five six seven eight nine ten several many few more little")
SPANS = _words("second minute hour day night week month year decade")
WEEKDAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
GIFTS = _words("a an the some two three another this that my your their our its")
OF_HIS = _words("works looks costs comes came went seems looked")  # what a thing of his does
COMPARED = _words("better worse like more less fine from as too")
