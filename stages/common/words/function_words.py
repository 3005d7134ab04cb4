"""English words that carry grammar rather than content: no synonym can stand in their place."""

CLOSED_CLASSES = {
    "determiners and quantifiers": """
        a an the this that these those some any no every each either neither both all half several such many much more
        most few fewer little less least enough other another own same certain various lot lots bit""",
    "numbers and what goes with them": """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion
        trillion dozen once twice first second third fourth fifth sixth seventh eighth ninth tenth last next
        quarter""",
    "pronouns": """
        i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it its itself
        we us our ours ourselves they them their theirs themselves who whom whose which what whoever whatever
        whichever someone somebody something anyone anybody anything everyone everybody everything none nobody
        nothing""",
    "prepositions and words that make them": """
        about above according across after against ahead along alongside amid amidst among amongst around as aside at
        away back because before behind below beneath beside besides between beyond by concerning considering despite
        down due during except excluding following for forward from given in including inside instead into like near
        of off on onto opposite out outside over past per plus minus regarding round since than through throughout
        till to toward towards under underneath unlike until up upon versus via with within without""",
    "conjunctions and question words": """
        and but or nor so yet if unless though although while whilst whereas whether when whenever where wherever why
        how however whereby hence thus therefore otherwise""",
    "auxiliary, modal and light verbs": """
        am is are was were be been being do does did doing done have has had having will would shall should can cannot
        could may might must ought need dare used get gets got gotten getting let lets go goes went gone going come make
        take don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't haven't hasn't
        hadn't""",
    "adverbs of negation, degree, time and place": """
        not never ever very too quite rather just only even also again already always often sometimes soon still now
        then here there today tomorrow yesterday ago almost well perhaps maybe indeed else elsewhere anyway somewhere
        anywhere everywhere nowhere later yes please""",
    "weekdays and months, where a text writes them small": """
        monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
        october november december""",
}
FUNCTION_WORDS = frozenset(word for words in CLOSED_CLASSES.values() for word in words.split())
