package io.dunlin.launcher.bench;

import java.util.ArrayList;
import java.util.List;

/** Every pair of players meets once, in rounds in which nobody plays twice: the circle method. */
final class Tournament {
    private Tournament() {}

    /** The rounds; each link is from the lower number to the higher one. */
    static List<List<Order.Link>> of(int players) {
        int seats = players + players % 2; // who meets the empty seat rests
        List<List<Order.Link>> rounds = new ArrayList<>();
        for (int round = 0; round < seats - 1; round++) {
            List<Order.Link> pairs = new ArrayList<>();
            for (int pair = 0; pair < seats / 2; pair++) {
                int one = seat(pair, round, seats);
                int other = seat(seats - 1 - pair, round, seats);
                if (one < players && other < players) {
                    pairs.add(new Order.Link(Math.min(one, other), Math.max(one, other)));
                }
            }
            rounds.add(List.copyOf(pairs));
        }
        return List.copyOf(rounds);
    }

    /** The first stays, all others move on by one seat in each round. */
    private static int seat(int position, int round, int seats) {
        return position == 0 ? 0 : (position - 1 + round) % (seats - 1) + 1;
    }
}
