module rinnova

go 1.26
