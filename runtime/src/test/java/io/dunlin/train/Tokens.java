package io.dunlin.train;

import io.dunlin.tensor.Philox;

/** Token rows without meaning, the same at every call. */
final class Tokens {
    private Tokens() {}

    /** [step][row][position]. */
    static int[][][] random(long seed, int steps, int rows, int time, int vocabulary) {
        Philox random = Philox.keyed(seed, "test", "tokens");
        int[][][] tokens = new int[steps][rows][time];
        for (int s = 0; s < steps; s++) {
            for (int r = 0; r < rows; r++) {
                for (int t = 0; t < time; t++) {
                    tokens[s][r][t] = (int) (random.uniform(s, (long) r * time + t) * vocabulary);
                }
            }
        }
        return tokens;
    }
}
