package io.dunlin.collectives.algorithm;

/** Who touches whose memory in an operation among ranks that share memory, and how many places it needs to know there. */
final class SharedPlan {
    private SharedPlan() {}

    /** Whether {@code member} reads or writes {@code owner}'s memory. */
    static boolean touches(Call call, int member, int owner) {
        return switch (call.kind()) {
            case BROADCAST, SCATTER -> owner == call.root();
            case GATHER -> member == call.root();
            default -> true;
        };
    }

    /** How many locations, or other words, a member gives to those who touch its memory. */
    static int locations(Call call, int member) {
        return switch (call.kind()) {
            case ALL_REDUCE -> 2; // input, output
            case ALL_TO_ALL -> 2; // input, and how long the run is
            case REDUCE -> member == call.root() ? 2 : 1;
            case ALL_REDUCE_TREE -> call.plan().blockCount(member) + 1; // sums, result
            default -> 1;
        };
    }
}
