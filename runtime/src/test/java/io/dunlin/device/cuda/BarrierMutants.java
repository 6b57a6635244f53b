package io.dunlin.device.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The source of the kernels with each barrier made removable: the entry point {@code choose_mutant(n)} removes number n
 * until it is called again. So one compilation makes all mutants.
 */
final class BarrierMutants {
    static final int NONE = -1;

    private static final Pattern BARRIER = Pattern.compile("__sync(threads|warp)\\(\\);");
    private static final String PRELUDE =
            "static __device__ int mutant = -1;\n#define UNLESS_MUTANT(n) if (mutant != n)\n";
    private static final String CHOICE = "\nextern \"C\" __global__ void choose_mutant(int n) { mutant = n; }\n";

    private final List<String> descriptions = new ArrayList<>();
    private final String source;

    BarrierMutants(String original) {
        Matcher matcher = BARRIER.matcher(original);
        String numbered = matcher.replaceAll(match -> {
            descriptions.add(line(original, match));
            return "UNLESS_MUTANT(" + (descriptions.size() - 1) + ") " + match.group();
        });
        source = PRELUDE + numbered + CHOICE;
    }

    private static String line(String text, MatchResult match) {
        long number = text.substring(0, match.start()).lines().count();
        int end = text.indexOf('\n', match.start());
        return "line " + number + ": " + text.substring(match.start(), end);
    }

    /** Compiles like the original. */
    String source() {
        return source;
    }

    /** Where each barrier is. */
    List<String> descriptions() {
        return descriptions;
    }
}
