package io.dunlin.launcher.cli;

import java.util.List;
import java.util.function.Function;

/**
 * An option that takes one of several words.
 *
 * @param option for example {@code --size}
 * @param verb whose help explains it
 * @param choices what the words stand for
 * @param label of a choice: the word
 * @param <E> what is chosen
 */
record OptionWord<E>(String option, String verb, List<E> choices, Function<E, String> label) {
    /** Copies the list. */
    OptionWord {
        choices = List.copyOf(choices);
    }

    /**
     * What {@code word} stands for.
     *
     * @throws CliException if that is nothing
     */
    E parse(String word) {
        return choices.stream()
                .filter(choice -> label.apply(choice).equals(word))
                .findFirst()
                .orElseThrow(() -> new CliException(
                        "DUN-100",
                        "%s expects %s, found %s".formatted(option, all(), word),
                        "dunlin %s --help".formatted(verb)));
    }

    private String all() {
        List<String> words = choices.stream().map(label).toList();
        String last = words.getLast();
        return String.join(", ", words.subList(0, words.size() - 1)) + " or " + last;
    }
}
