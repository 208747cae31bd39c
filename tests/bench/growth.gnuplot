# growth.py's numbers as four plots: gnuplot -e "data = 'growth.tsv'; svg = 'growth.svg'" growth.gnuplot

set terminal svg size 960,800 dynamic font "sans-serif,13" background rgb "white"
set output svg
set encoding utf8
set datafile separator tab
set datafile missing "NaN"
set multiplot layout 2,2 margins 0.085,0.955,0.075,0.95 spacing 0.125,0.16

set logscale xy
set xrange [7:150000]
set xtics ("10" 10, "100" 100, "1,000" 1000, "10,000" 10000, "100,000" 100000)
set xlabel "groups of 20 samples" offset 0,0.4
set grid xtics ytics linecolor rgb "#dddddd" linetype 1
set border 3 linecolor rgb "#666666"
set tics nomirror textcolor rgb "#222222"
set mytics 1
set key Left reverse samplen 2.5 spacing 1.15 textcolor rgb "#222222"

# pgw is blue, the upstream orange; what is more costly or more careful is the darker one with full points.
set linetype 1 linecolor rgb "#0b4f9c" linewidth 2.2 pointtype 7 pointsize 0.6
set linetype 2 linecolor rgb "#5aa2e6" linewidth 2.2 pointtype 6 pointsize 0.7
set linetype 3 linecolor rgb "#b34700" linewidth 2.2 pointtype 5 pointsize 0.55
set linetype 4 linecolor rgb "#f0a050" linewidth 2.2 pointtype 4 pointsize 0.65
set linetype 5 linecolor rgb "#777777" linewidth 1.5 dashtype 2

set title "pushes a second, 32 connections"
set yrange [0.1:300000]
set ytics ("0.1" 0.1, "1" 1, "10" 10, "100" 100, "1,000" 1000, "10,000" 10000, "100,000" 100000)
set key bottom left
plot data using "groups":"pushes_no_sync" with linespoints linetype 2 title "pgw, sync=none", \
     data using "groups":"pushes_on_disk" with linespoints linetype 1 title "pgw, on disk", \
     data using "groups":"upstream_pushes_unchecked" with linespoints linetype 4 \
          title "upstream, unchecked, in memory", \
     data using "groups":"upstream_pushes_checked" with linespoints linetype 3 title "upstream, checked, in memory"

set title "one scrape"
set ytics autofreq
set format y "%.0s %cs"
set yrange [*:10]
set key top left
plot data using "groups":"upstream_scrape_gzip" with linespoints linetype 3 title "upstream, gzip", \
     data using "groups":"upstream_scrape_plain" with linespoints linetype 4 title "upstream", \
     data using "groups":"scrape_gzip" with linespoints linetype 1 title "pgw, gzip", \
     data using "groups":"scrape_plain" with linespoints linetype 2 title "pgw"

set title "memory after pushes and scrapes"
set yrange [1e4:2e10]
set format y "%.0s %cB"
plot data using "groups":"upstream_memory" with linespoints linetype 3 title "upstream", \
     data using "groups":"memory" with linespoints linetype 1 title "pgw", \
     data using "groups":"exposition" with lines linetype 5 title "the exposition itself"

set title "from the start to the end of the first scrape"
set yrange [*:100]
set format y "%.0s %cs"
plot data using "groups":"upstream_start" with linespoints linetype 3 title "upstream, from its persistence file", \
     data using "groups":"start" with linespoints linetype 1 title "pgw"

unset multiplot
