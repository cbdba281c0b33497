"""The smart-speaker domain: what people say to a speaker at home.

Artists, titles and contacts are invented or generic. The names that training
never hears stand in ``heldout``.
"""

from __future__ import annotations

from azsim.train.corpus.grammar import Grammar

CONTACTS = """mom | dad | grandma | alice | brian | carlos | diana | emma | frank | george | hannah
    | isaac | julia | kevin | laura | marcus | nina | oliver | peter | rachel | samuel | teresa
    | victor | wendy"""
ARTISTS = """the paper lanterns | silver harbor | the night gardeners | nora winter | the broken clocks
    | blue canyon | daniel stone | the lonely sailors | golden valley | lucy fields | iron forest
   """
TITLES = """midnight river | dancing in the rain | coming home | the long road | paper moon
    | summer fire | under the stars | winter song | broken mirror | ocean eyes | little bird
    | golden days | the last train | empty house | city lights | sweet morning"""
CITIES = "london | boston | seattle | chicago | denver | paris | berlin | tokyo | madrid"

RULES = {
    "start": """18* {lights} | 9* {climate} | 14* {timers} | 15* {music} | 10* {contact_requests}
        | 8* {lists} | 8* {weather} | 4* {questions} | 7* {playback} | 4* {appliances}""",
    # lights and appliances in rooms
    "lights": """5* turn {switch} the {lit} | 3* {please} turn {switch} the {lit} | 2* turn the {lit} {switch}
        | 2* switch {switch} the {lit} | 2* dim the {lit} to {percent} percent | set the {lit} to {color}
        | set the {lit} to {percent} percent | make the {lit} {shade} | {shade_verb} the {lit}
        | turn {switch} all the lights | are the {room} lights {switch} | change the {lit} to {color}
        | turn {switch} everything in the {room}""",
    "lit": """4* {room} {lamp} | 2* {lamp} in the {room} | {place} light | bedside lamp | reading lamp""",
    "lamp": "4* lights | 2* light | lamp | ceiling light",
    "room": """kitchen | living room | bedroom | bathroom | hallway | office | garage | dining room
        | basement | attic | nursery | guest room""",
    "place": "porch | garden | front door | back door | desk | closet",
    "switch": "on | off",
    "color": "red | blue | green | yellow | orange | white | warm white",
    "shade": "brighter | darker | warmer | softer",
    "shade_verb": "brighten | dim",
    "please": "please | could you | can you | hey",
    "percent": "ten | twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety | one hundred | {tens} five",
    "tens": "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety",
    "appliances": """4* {start_stop} the {appliance} | 2* turn {switch} the {appliance}
        | {lock} the {door} | is the {door} {lock_state} | {open_close} the {cover} in the {room}
        | {open_close} the {room} {cover} | is the {appliance} still running""",
    "start_stop": "start | stop | pause",
    "appliance": """dishwasher | washing machine | dryer | oven | coffee maker | vacuum | television | heater
        | fan | kettle | air conditioner""",
    "lock": "lock | unlock",
    "lock_state": "locked | unlocked | open | closed",
    "door": "front door | back door | garage door | gate | window",
    "open_close": "open | close",
    "cover": "blinds | curtains | shades",
    "climate": """3* set the {thermostat} to {degrees} degrees | 2* make it {warm} in the {room}
        | what is the temperature in the {room} | turn {direction} the {heating}
        | turn the {heating} {direction} by {small_number} degrees | it is too {feeling} in here
        | set the {room} to {degrees} degrees""",
    "thermostat": "thermostat | temperature | heating | {room} thermostat",
    "heating": "heat | heating | thermostat | temperature | air conditioning",
    "degrees": "{low_degrees} | sixty {digit} | seventy {digit} | sixty | seventy | eighty",
    "low_degrees": "sixteen | seventeen | eighteen | nineteen | twenty | twenty one | twenty two",
    "digit": "one | two | three | four | five | six | seven | eight | nine",
    "small_number": "two | three | four | five",
    "warm": "warmer | cooler | colder",
    "feeling": "hot | cold | warm | dark | bright",
    "direction": "up | down",
    # timers, alarms, reminders
    "timers": """5* set a timer for {duration} | 2* set a {duration_short} timer | start a timer for {duration}
        | 2* set a {food} timer for {duration} | cancel the {food} timer | cancel {which} timer
        | how much time is left on {which} timer | 3* set an alarm for {clock} | 2* wake me up at {clock}
        | 2* wake me up at {clock} {day} | set an alarm for {clock} {every} | cancel my {clock} alarm
        | snooze the alarm | snooze for {number} minutes | turn off the alarm | pause {which} timer
        | add {number} minutes to {which} timer | what alarms do i have {day}
        | 3* remind me to {task} at {clock} | 2* remind me to {task} {day} | remind me in {duration} to {task}""",
    "which": "the | my | the {food}",
    "duration": """3* {number} minutes | {number} seconds | {number} hours | one minute | one hour | half an hour
        | an hour and a half | {number} and a half minutes""",
    "duration_short": "{number} minute | {number} second | {number} hour",
    "number": """two | three | four | five | six | seven | eight | nine | ten | eleven | twelve | fifteen
        | eighteen | twenty | twenty five | thirty | forty | forty five | fifty | sixty | ninety""",
    "food": "pasta | pizza | egg | rice | tea | bread | chicken | laundry",
    "clock": """3* {hour} {meridiem} | {hour} {minute} | 2* {hour} {minute} {meridiem} | {hour} o'clock
        | half past {hour} | quarter to {hour} | noon | midnight""",
    "hour": "one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve",
    "minute": "fifteen | twenty | thirty | forty | forty five | fifty | ten | oh five",
    "meridiem": "a m | p m | in the morning | in the evening",
    "day": "today | tomorrow | tonight | tomorrow morning | on {weekday} | this weekend | next week",
    "every": "every day | every {weekday} | on weekdays",
    "weekday": "monday | tuesday | wednesday | thursday | friday | saturday | sunday",
    "task": """call {contact} | take out the trash | water the plants | feed the {pet} | buy {item}
        | pick up the kids | walk the dog | take my medicine | check the mail""",
    "pet": "cat | dog | fish",
    # music
    "music": """4* play {title} by {artist} | 3* play {artist} | 2* play the song {title} | play {title}
        | 2* play some {genre} music | 2* play {genre} music in the {room} | play my {playlist} playlist
        | play the new album by {artist} | play something by {artist} | add this song to my {playlist} playlist
        | put on {artist} in the {room} | i want to hear {title} by {artist} | shuffle songs by {artist}
        | play {title} on repeat | play the {station} station | who sings {title}""",
    "title": TITLES,
    "artist": ARTISTS,
    "genre": "jazz | rock | classical | country | blues | piano | relaxing | quiet",
    "playlist": "morning | workout | party | dinner | sleep | favorite | driving",
    "station": "news | jazz | rock | sports | classical | local",
    "playback": """3* turn {direction} the volume | 2* set the volume to {level} | volume {level} | volume {direction}
        | 2* stop | pause | 2* stop the music | pause the music | resume | {next} song | skip this song
        | play the {next} song | what song is this | {louder} | make it {louder} | mute | mute the {room} speaker
        | go back | repeat this song | be quiet | turn it {direction} | i like this song | start over | never mind""",
    "level": "one | two | three | four | five | six | seven | eight | nine | ten",
    "next": "next | last | previous",
    "louder": "louder | quieter",
    # people
    "contact": CONTACTS,
    "contact_requests": """5* call {contact} | 2* call {contact} on {phone} | 3* send a message to {contact}
        | text {contact} {message} | tell {contact} {message} | send {contact} a message saying {message}
        | read my messages | read the message from {contact} | did {contact} call me | answer the call
        | hang up | call {contact} back | start a video call with {contact}""",
    "phone": "speaker | mobile | the home phone | the office phone",
    "message": """i'll be late | i'm on my way | i'm home | dinner is ready | call me back | see you {day}
        | see you at {clock} | happy birthday | good night | thank you | i'm leaving now | where are you""",
    # lists
    "lists": """5* add {item} to my shopping list | 3* add {item} and {item} to the shopping list
        | put {item} on my list | remove {item} from my shopping list | what's on my shopping list
        | clear my shopping list | add {task} to my to do list | what's on my to do list | do i need to buy {item}
        | we need more {item} | add {item} to the {store} list""",
    "item": """eggs | bread | butter | cheese | apples | bananas | tomatoes | potatoes | onions | rice | pasta | tea
        | chicken | fish | salt | honey | paper towels | dish soap | batteries | orange juice
        | ice cream | light bulbs | olive oil""",
    "store": "grocery | hardware",
    # weather and questions
    "weather": """3* what's the weather {day} | 2* what's the weather in {city} | 2* will it {fall} {day}
        | will it {fall} in {city} {day} | how {feeling} is it {outside} | do i need {cover_up} {day}
        | what's the weather in {city} {day} | what's the forecast for {city} | how windy is it {outside}
        | is it going to {fall} {day} | when is {sun} {day} | what's the temperature in {city}""",
    "city": CITIES,
    "fall": "rain | snow | be sunny | be cloudy | be windy",
    "outside": "outside | in {city} | right now",
    "cover_up": "an umbrella | a jacket | a coat",
    "sun": "sunrise | sunset",
    "questions": """3* what time is it | 2* what time is it in {city} | what day is it | what's the date {day}
        | what's on my calendar {day} | when is my next meeting
        | tell me a joke | tell me the news | what's {level} plus {number} | what's {number} times {level}
        | how far is {city} from {city} | how long does it take to get to {city}
        | what's the traffic like {day} | good morning | good night""",
}


def speaker_grammar() -> Grammar:
    """The smart-speaker grammar, in-training names only."""
    return Grammar(RULES)
