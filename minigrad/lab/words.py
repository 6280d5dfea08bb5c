"""What the command says, in English and in Spanish."""

_WORDS = {
    "none": (
        "{folder} is no folder of labs yet: minigrad lab start 1 makes it",
        "{folder} no es todavía una carpeta de laboratorios: minigrad lab start 1 la crea",
    ),
    "taken": (
        "{folder} holds something else: --folder names another place",
        "{folder} contiene otra cosa: --folder indica otro lugar",
    ),
    "lab": (
        "Lab {number}. {title} (about {minutes} minutes)",
        "Laboratorio {number}. {title} (unos {minutes} minutos)",
    ),
    "read": ("read   {page}", "lee      {page}"),
    "write": ("write  {file}", "escribe  {file}"),
    "then": (
        "then   minigrad lab check; minigrad lab hint, where you are stuck",
        "después  minigrad lab check; minigrad lab hint, si te atascas",
    ),
    "earlier": (
        "It uses what you write in earlier labs; not done yet: {labs}",
        "Usa lo que escribes en laboratorios anteriores; aún sin terminar: {labs}",
    ),
    "done": (
        "Lab {number} is done: minigrad lab next",
        "El laboratorio {number} está terminado: minigrad lab next",
    ),
    "not done": (
        "lab {number} is not done: {passed} of {total} tests pass; minigrad lab check shows the "
        "next one, --skip goes on all the same",
        "el laboratorio {number} no está terminado: pasan {passed} de {total} tests; minigrad "
        "lab check muestra el siguiente, --skip avanza de todos modos",
    ),
    "no more hints": (
        "no more hints: the page's questions, and the messages of minigrad lab check, help on",
        "no hay más pistas: ayudan las preguntas de la página y los mensajes de minigrad lab check",
    ),
    "all": ("All labs are done.", "Todos los laboratorios están terminados."),
    "total": ("{done} of {count} labs done", "{done} de {count} laboratorios terminados"),
    "no pytest": (
        "the labs need pytest: pip install 'minigrad-lab[labs]', or in a clone "
        "pip install -e '.[labs]'",
        "los laboratorios necesitan pytest: pip install 'minigrad-lab[labs]', o en un clon "
        "pip install -e '.[labs]'",
    ),
    "state done": ("done", "terminado"),
    "state begun": ("{passed} of {total}", "{passed} de {total}"),
    "state open": ("-", "-"),
}


def say(key: str, language: str, **values: object) -> str:
    """The sentence of this key with its values put in."""
    return _WORDS[key][language == "es"].format(**values)
