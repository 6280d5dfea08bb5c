/* All words of the page. In a rule's sentence y is the result, x, a and b are the operands. */
const words = {
  en: {
    tagline: "Backpropagation, one number at a time",
    start: "Start", forward: "Forward", seed: "The root", backward: "Backward", end: "Done",
    step: (k, n) => `step ${k} of ${n}`,
    part: (k, n) => `${k} of ${n}`,
    startText: "The leaves have their numbers, and nothing has been computed. Forward, every "
      + "operation is computed after its operands. Then backward, every operation passes its "
      + "gradient on to its operands, the root first.",
    forwardText: (name, sum) => `${name} is computed from its operands: ${sum}`,
    seedText: (name) => `Backward begins at the root, ${name}. How much does it change when it `
      + "changes itself? Exactly as much: its gradient is 1. All other gradients are 0.",
    incoming: (name, grad) => `The gradient of ${name} is complete, ${grad}: all that use it have `
      + "sent their shares.",
    share: (to, grad, slope, added, before, after) => `To ${to}: incoming ${grad} times local `
      + `slope ${slope} is ${added}, added to its ${before}: ${after}.`,
    meet: (names) => `Paths meet at ${names}, which more than one operation uses: shares add up.`,
    none: "No operand of it asks for a gradient.",
    endText: (count) => `Every gradient is there: ${count} at the leaves. Each says how much the `
      + "root changes per unit of that leaf. The central difference beside it was computed "
      + "without the graph, from the root at the leaf's number a little larger and a little "
      + "smaller.",
    code: "The lines of value.py at work", codeAt: (n) => `value.py, line ${n}`,
    leaves: "The leaves", leavesText: "Change a number: everything follows.",
    name: "name", number: "number", gradient: "gradient", check: "central difference",
    reset: "Original numbers", number_of: (name) => `number of ${name}`,
    refusedNumber: "Not a number: write one as -0.5 or 1e-3.",
    noResult: (call) => `${call} has no finite result, so this number is not taken.`,
    noSlope: (call) => `The slope of ${call} is infinite or undefined, so this number is not taken.`,
    first: "First step", back: "One step back", play: "Play", pause: "Pause",
    next: "One step on", last: "Last step", slider: "Step", speed: "Speed",
    speeds: ["slow", "normal", "fast"],
    keys: "Keys: → and ← step, Home and End go to the ends, the space bar plays.",
    legend: ["number", "gradient", "input", "other leaf", "operation", "root", "at work"],
    graph: "The graph. Operations stand right of their operands.",
    same: (count) => `This page computes with the rules of value.py. When it was loaded, all `
      + `${count} numbers and gradients were those of Python, to the last bit.`,
    differ: (count, all, worst) => `This page computes with the rules of value.py. When it was `
      + `loaded, ${count} of ${all} numbers and gradients differed from those of Python by at most `
      + `${worst}, relatively: Python took exp, tanh or log from another mathematics library.`,
    constant: "the constant",
    rules: {
      "+": ["y = a + b", "A sum changes as much as each operand does: both local slopes are 1."],
      "-": ["y = a - b", "The local slopes are 1 for the first operand and -1 for the second."],
      "*": ["y = a * b", "The local slope of one factor is the other factor."],
      "/": ["y = a / b", "The local slopes are 1 / b for the dividend and -y / b for the divisor."],
      "**": ["y = a ** b", "The local slopes are b * a ** (b - 1) for the base and y * log(a) for "
        + "the exponent."],
      dot: ["y = bias + w * x + ..., a neuron's weighted sum", "The local slope of a weight is its "
        + "input, that of an input is its weight, and that of the bias is 1."],
      maximum: ["y is the larger of a and b", "The larger operand has slope 1, the other 0; at a "
        + "tie each has half."],
      minimum: ["y is the smaller of a and b", "The smaller operand has slope 1, the other 0; at "
        + "a tie each has half."],
      neg: ["y = -x", "The local slope is -1."],
      abs: ["y = |x|", "The local slope is the sign of x, and 0 at 0."],
      exp: ["y = exp(x)", "The local slope is y itself."],
      log: ["y = log(x)", "The local slope is 1 / x."],
      sqrt: ["y = sqrt(x)", "The local slope is 1 / (2 * y)."],
      sin: ["y = sin(x)", "The local slope is cos(x)."],
      cos: ["y = cos(x)", "The local slope is -sin(x)."],
      tanh: ["y = tanh(x), from -1 to 1", "The local slope is 1 - y * y: flat where y is near -1 "
        + "or 1."],
      sigmoid: ["y = 1 / (1 + exp(-x)), from 0 to 1", "The local slope is y * (1 - y)."],
      softplus: ["y = log(1 + exp(x)), a smooth relu", "The local slope is sigmoid(x)."],
      silu: ["y = x * s with s = sigmoid(x)", "The local slope is s * (1 + x * (1 - s))."],
      gelu: ["y = x * Phi(x), Phi of the normal distribution", "The local slope is Phi(x) + x times "
        + "the normal density at x."],
      relu: ["y = max(0, x)", "The local slope is 1 where x is above 0, else 0."],
      leaky_relu: ["y = x above 0, k * x below", "The local slope is 1 above 0, else k."],
      elu: ["y = x above 0, k * (exp(x) - 1) below", "The local slope is 1 above 0, else "
        + "k * exp(x)."],
    },
  },
  es: {
    tagline: "La retropropagación, número a número",
    start: "Inicio", forward: "Adelante", seed: "La raíz", backward: "Atrás", end: "Fin",
    step: (k, n) => `paso ${k} de ${n}`,
    part: (k, n) => `${k} de ${n}`,
    startText: "Las hojas tienen sus números y todavía no se ha calculado nada. Hacia adelante, "
      + "cada operación se calcula después de sus operandos. Después, hacia atrás, cada operación "
      + "pasa su gradiente a sus operandos, la raíz primero.",
    forwardText: (name, sum) => `${name} se calcula a partir de sus operandos: ${sum}`,
    seedText: (name) => `Hacia atrás se empieza en la raíz, ${name}. ¿Cuánto cambia cuando cambia `
      + "ella misma? Exactamente lo mismo: su gradiente es 1. Todos los demás gradientes son 0.",
    incoming: (name, grad) => `El gradiente de ${name} está completo, ${grad}: todo lo que lo usa `
      + "ha enviado su parte.",
    share: (to, grad, slope, added, before, after) => `A ${to}: lo que llega, ${grad}, por la `
      + `pendiente local ${slope} es ${added}; sumado a su ${before}: ${after}.`,
    meet: (names) => `Los caminos se juntan en ${names}, que usa más de una operación: las partes `
      + "se suman.",
    none: "Ningún operando suyo pide gradiente.",
    endText: (count) => `Ya están todos los gradientes: ${count} en las hojas. Cada uno dice cuánto `
      + "cambia la raíz por unidad de esa hoja. La diferencia central de al lado se calculó sin el "
      + "grafo, con la raíz en un número de la hoja un poco mayor y otro un poco menor.",
    code: "Las líneas de value.py que trabajan", codeAt: (n) => `value.py, línea ${n}`,
    leaves: "Las hojas", leavesText: "Cambia un número: todo lo demás lo sigue.",
    name: "nombre", number: "número", gradient: "gradiente", check: "diferencia central",
    reset: "Números originales", number_of: (name) => `número de ${name}`,
    refusedNumber: "No es un número: escríbelo como -0.5 o 1e-3.",
    noResult: (call) => `${call} no tiene un resultado finito, así que no se acepta este número.`,
    noSlope: (call) => `La pendiente de ${call} es infinita o no está definida, así que no se `
      + "acepta este número.",
    first: "Primer paso", back: "Un paso atrás", play: "Reproducir", pause: "Pausa",
    next: "Un paso adelante", last: "Último paso", slider: "Paso", speed: "Velocidad",
    speeds: ["lenta", "normal", "rápida"],
    keys: "Teclas: → y ← dan un paso, Inicio y Fin van a los extremos, la barra espaciadora "
      + "reproduce.",
    legend: ["número", "gradiente", "entrada", "otra hoja", "operación", "raíz", "trabajando"],
    graph: "El grafo. Las operaciones están a la derecha de sus operandos.",
    same: (count) => `Esta página calcula con las reglas de value.py. Al cargarse, sus ${count} `
      + "números y gradientes eran los de Python, hasta el último bit.",
    differ: (count, all, worst) => `Esta página calcula con las reglas de value.py. Al cargarse, `
      + `${count} de ${all} números y gradientes se apartaban de los de Python en ${worst} como `
      + "mucho, en términos relativos: Python tomó exp, tanh o log de otra biblioteca matemática.",
    constant: "la constante",
    rules: {
      "+": ["y = a + b", "Una suma cambia tanto como cada sumando: las dos pendientes locales son "
        + "1."],
      "-": ["y = a - b", "Las pendientes locales son 1 para el primer operando y -1 para el "
        + "segundo."],
      "*": ["y = a * b", "La pendiente local de un factor es el otro factor."],
      "/": ["y = a / b", "Las pendientes locales son 1 / b para el dividendo y -y / b para el "
        + "divisor."],
      "**": ["y = a ** b", "Las pendientes locales son b * a ** (b - 1) para la base y y * log(a) "
        + "para el exponente."],
      dot: ["y = sesgo + w * x + ..., la suma ponderada de una neurona", "La pendiente local de un "
        + "peso es su entrada, la de una entrada es su peso y la del sesgo es 1."],
      maximum: ["y es el mayor de a y b", "El operando mayor tiene pendiente 1 y el otro 0; si son "
        + "iguales, cada uno la mitad."],
      minimum: ["y es el menor de a y b", "El operando menor tiene pendiente 1 y el otro 0; si son "
        + "iguales, cada uno la mitad."],
      neg: ["y = -x", "La pendiente local es -1."],
      abs: ["y = |x|", "La pendiente local es el signo de x, y 0 en 0."],
      exp: ["y = exp(x)", "La pendiente local es la propia y."],
      log: ["y = log(x)", "La pendiente local es 1 / x."],
      sqrt: ["y = sqrt(x)", "La pendiente local es 1 / (2 * y)."],
      sin: ["y = sin(x)", "La pendiente local es cos(x)."],
      cos: ["y = cos(x)", "La pendiente local es -sin(x)."],
      tanh: ["y = tanh(x), de -1 a 1", "La pendiente local es 1 - y * y: plana donde y está cerca "
        + "de -1 o de 1."],
      sigmoid: ["y = 1 / (1 + exp(-x)), de 0 a 1", "La pendiente local es y * (1 - y)."],
      softplus: ["y = log(1 + exp(x)), una relu suave", "La pendiente local es sigmoid(x)."],
      silu: ["y = x * s con s = sigmoid(x)", "La pendiente local es s * (1 + x * (1 - s))."],
      gelu: ["y = x * Phi(x), Phi de la distribución normal", "La pendiente local es Phi(x) más x "
        + "por la densidad normal en x."],
      relu: ["y = max(0, x)", "La pendiente local es 1 donde x es mayor que 0, y si no 0."],
      leaky_relu: ["y = x sobre 0, k * x debajo", "La pendiente local es 1 sobre 0, y si no k."],
      elu: ["y = x sobre 0, k * (exp(x) - 1) debajo", "La pendiente local es 1 sobre 0, y si no "
        + "k * exp(x)."],
    },
  },
};
